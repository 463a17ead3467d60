// Draws the charts from the data blocks beside their tables. The drawing is an addition: the tables always stand there.
(() => {
  "use strict";
  if (!window.echarts) return;

  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const number = new Intl.NumberFormat("zh-CN");
  const drawn = [];

  const tokens = () => {
    const css = getComputedStyle(document.documentElement);
    const get = (name) => css.getPropertyValue(name).trim();
    return {
      ink: get("--ink"),
      soft: get("--ink-3"),
      line: get("--line"),
      paper: get("--paper"),
      font: getComputedStyle(document.body).fontFamily,
      rem: parseFloat(css.fontSize) || 16,
      series: [1, 2, 3, 4, 5, 6, 7, 8].map((i) => get("--series-" + i)),
    };
  };

  const base = (t) => ({
    animation: !still.matches,
    animationDuration: 300,
    color: t.series,
    textStyle: { fontFamily: t.font, color: t.ink, fontSize: 0.8125 * t.rem },
    tooltip: {
      // richText is drawn on the canvas; the HTML form would need inline styles.
      renderMode: "richText",
      backgroundColor: t.paper,
      borderColor: t.line,
      textStyle: { color: t.ink, fontFamily: t.font, fontSize: 0.8125 * t.rem },
    },
  });

  const axisText = (t) => ({ color: t.soft, fontSize: 0.8125 * t.rem });

  // Series of very different size get a panel each: on one scale the smaller would be a flat line.
  const line = (spec, t) => {
    const tops = spec.series.map((s) => Math.max(1, ...s.values));
    const apart = tops.length > 1 && Math.max(...tops) > 4 * Math.min(...tops);
    const panels = apart ? spec.series.length : 1;
    const head = 2.75 * t.rem;
    const share = 100 / panels;
    const each = (make) => Array.from({ length: panels }, (_, i) => make(i));
    return {
      ...base(t),
      tooltip: { ...base(t).tooltip, trigger: "axis" },
      axisPointer: { link: [{ xAxisIndex: "all" }] },
      legend: { left: 0, top: 0, icon: "roundRect", textStyle: { color: t.ink, fontSize: 0.875 * t.rem } },
      grid: each((i) => ({ left: 4 * t.rem, right: t.rem, top: i === 0 ? head : `${share * i + 6}%`, bottom: `${share * (panels - 1 - i) + 8}%` })),
      xAxis: each((i) => ({
        type: "category",
        gridIndex: i,
        data: spec.labels,
        boundaryGap: false,
        axisLine: { lineStyle: { color: t.line } },
        axisTick: { show: false },
        axisLabel: { ...axisText(t), show: i === panels - 1, hideOverlap: true },
      })),
      yAxis: each((i) => ({
        type: "value",
        gridIndex: i,
        splitNumber: apart ? 3 : 5,
        splitLine: { lineStyle: { color: t.line } },
        axisLabel: { ...axisText(t), formatter: (v) => number.format(v) },
      })),
      series: spec.series.map((s, i) => ({
        name: s.name,
        type: "line",
        data: s.values,
        xAxisIndex: apart ? i : 0,
        yAxisIndex: apart ? i : 0,
        symbol: i % 2 ? "rect" : "circle",
        symbolSize: 6,
        lineStyle: { width: 2, type: i % 2 ? "dashed" : "solid" },
      })),
    };
  };

  const bar = (spec, t, width) => ({
    ...base(t),
    tooltip: { ...base(t).tooltip, trigger: "axis", axisPointer: { type: "shadow" } },
    grid: { left: 8, right: 3.5 * t.rem, top: 8, bottom: 8, containLabel: true },
    xAxis: {
      type: "value",
      splitLine: { lineStyle: { color: t.line } },
      axisLabel: { ...axisText(t), formatter: (v) => number.format(v), hideOverlap: true },
    },
    yAxis: {
      type: "category",
      inverse: true,
      data: spec.labels,
      axisLine: { lineStyle: { color: t.line } },
      axisTick: { show: false },
      axisLabel: { ...axisText(t), width: Math.min(15 * t.rem, width * 0.4), overflow: "truncate" },
    },
    series: spec.series.map((s) => ({
      name: s.name,
      type: "bar",
      data: s.values,
      barMaxWidth: 18,
      label: { show: true, position: "right", color: t.soft, formatter: (p) => number.format(p.value) },
    })),
  });

  // On a narrow screen the words stand below the ring instead of beside it.
  const share = (spec, t, width) => {
    const narrow = width < 30 * t.rem;
    return {
      ...base(t),
      tooltip: { ...base(t).tooltip, trigger: "item", formatter: (p) => p.name + " " + number.format(p.value) + "（" + p.percent + "%）" },
      legend: { show: narrow, bottom: 0, icon: "roundRect", textStyle: { color: t.ink, fontSize: 0.8125 * t.rem } },
      series: [
        {
          type: "pie",
          radius: ["46%", "72%"],
          center: ["50%", narrow ? "42%" : "50%"],
          avoidLabelOverlap: true,
          itemStyle: { borderColor: t.paper, borderWidth: 2 },
          label: { show: !narrow, color: t.ink, formatter: "{b}\n{d}%", fontSize: 0.8125 * t.rem, lineHeight: 1.3 * t.rem },
          labelLine: { show: !narrow, lineStyle: { color: t.line } },
          data: spec.labels.map((name, i) => ({ name, value: spec.series[0].values[i] })),
        },
      ],
    };
  };

  const forms = { line, bar, share };

  const draw = (c) => {
    const form = forms[c.spec.kind];
    if (form) c.chart.setOption(form(c.spec, tokens(), c.box.clientWidth), true);
  };

  document.querySelectorAll("[data-chart]").forEach((figure) => {
    const block = figure.querySelector('script[type="application/json"]');
    const box = figure.querySelector("[data-chart-canvas]");
    if (!block || !box) return;
    let spec;
    try {
      spec = JSON.parse(block.textContent);
    } catch {
      return;
    }
    if (!spec.labels || spec.labels.length === 0) return;
    box.hidden = false;
    const c = { spec, box, chart: echarts.init(box, null, { renderer: "canvas" }) };
    drawn.push(c);
    new ResizeObserver(() => {
      c.chart.resize();
      draw(c);
    }).observe(box);
  });

  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawn.forEach(draw));
})();
