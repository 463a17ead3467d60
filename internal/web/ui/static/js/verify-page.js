// The page that verifies proofs: reads the file here, asks verify.js, and writes what it says. Nothing is sent anywhere.
(() => {
  "use strict";

  const form = document.querySelector("[data-verify]");
  if (!form) return;
  const field = (name) => form.elements.namedItem(name);
  const part = (name) => document.querySelector(`[data-verify-${name}]`);
  const result = part("result"), progress = part("progress"), ours = field("keys").value;
  part("here").hidden = false;

  const make = (tag, className, text) => {
    const e = document.createElement(tag);
    if (className) e.className = className;
    if (text !== undefined) e.textContent = text;
    return e;
  };

  // ---- what this browser remembers: the keys and the newest checkpoint that were good

  const NAME = "gongxin.verify";
  const recall = () => {
    try {
      const kept = JSON.parse(localStorage.getItem(NAME));
      return kept && typeof kept.keys === "string" && typeof kept.checkpoint === "string" ? kept : null;
    } catch {
      return null;
    }
  };
  const remember = (kept) => {
    try {
      if (kept) localStorage.setItem(NAME, JSON.stringify(kept));
      else localStorage.removeItem(NAME);
      return true;
    } catch {
      return false;
    }
  };
  const showMemory = () => {
    const kept = recall();
    part("memory").hidden = !kept;
    if (!kept) return;
    const changed = kept.keys.trim() !== ours.trim();
    part("memory-words").textContent = changed
      ? "注意：这个浏览器记住的公钥和这里给出的不同。下面用的是记住的公钥；请向平台主管部门核实公钥是否更换过。"
      : "这个浏览器记住了上次核对过的公钥和检查点，下面用的就是它们。";
    field("keys").value = kept.keys;
    field("old").value = kept.checkpoint;
    if (changed) form.querySelector("details").open = true;
  };
  part("forget").addEventListener("click", () => {
    remember(null);
    field("keys").value = ours;
    field("old").value = "";
    showMemory();
    progress.textContent = "已经忘掉。";
  });

  // ---- the answer

  const points = (title, lines) => {
    if (lines.length === 0) return [];
    const box = make("div", "prose"), list = make("ul");
    list.append(...lines.map((l) => make("li", "", l)));
    box.append(make("h3", "", title), list);
    return [box];
  };

  const alertOf = (r) => {
    const [tone, word, title] = !r.ok
      ? ["bad", "错误：", "核验未通过：不要相信这份文件"]
      : r.partial
        ? ["warn", "注意：", "只核验了一部分"]
        : ["good", "成功：", "核验通过"];
    const box = make("div", "alert alert--" + tone), head = make("p", "alert__title");
    head.append(make("span", "visually-hidden", word), title);
    box.append(head);
    if (r.origin) box.append(make("p", "alert__body", `日志 ${r.origin}，检查点大小 ${r.size}`));
    return box;
  };

  const COLUMNS = ["日志位置", "事项", "记录编号", "版本", "入库时间"];
  const versionsOf = (r) => {
    if (r.versions.length === 0) return [];
    const details = make("details", "more"), wrap = make("div", "table-wrap"), table = make("table", "table table--cards"), head = make("tr"), rows = make("tbody");
    details.append(make("summary", "", `所列的版本（${r.versions.length}）`));
    head.append(...COLUMNS.map((c) => Object.assign(make("th", "", c), { scope: "col" })));
    for (const v of r.versions) {
      const row = make("tr");
      const cells = [v.index, v.item, v.record || "（没有附内容）", v.number || "", v.at ? globalThis.gongxinVerify.stamp(v.at) : ""];
      row.append(...cells.map((text, i) => {
        const cell = make("td", "", String(text));
        cell.dataset.label = COLUMNS[i];
        return cell;
      }));
      rows.append(row);
    }
    const top = make("thead");
    top.append(head);
    table.append(make("caption", "visually-hidden", "所列的版本"), top, rows);
    wrap.append(table);
    details.append(wrap);
    return [details];
  };

  const keysOf = (keys) => {
    const box = make("div", "prose"), list = make("ul");
    for (const key of keys.trim().split("\n")) {
      const item = make("li");
      item.append(make("code", "", key.trim()));
      list.append(item);
    }
    box.append(make("h3", "", "用的公钥"), make("p", "small muted", "请同另外的来源核对。"), list);
    return [box];
  };

  const keep = (r, keys) => {
    if (!r.ok || r.partial) return [];
    const button = make("button", "button button--plain", "记住这些公钥和这个检查点，下次比对");
    button.type = "button";
    button.addEventListener("click", () => {
      const done = remember({ keys, checkpoint: r.checkpoint });
      button.disabled = true;
      progress.textContent = done ? "已经记在这个浏览器里。" : "这个浏览器不允许保存，请自己保存公钥和检查点。";
      if (done) showMemory();
    });
    const p = make("p", "actions");
    p.append(button);
    return [p];
  };

  const show = (r, keys) => {
    result.replaceChildren(
      alertOf(r),
      ...points("不符", r.failures.map((f) => `${f.message}（${f.code}）`)),
      ...points("证明了", r.proven),
      ...points("没有证明", r.limits),
      ...points("说明", r.notes),
      ...versionsOf(r),
      ...keysOf(keys),
      ...keep(r, keys),
    );
    result.focus();
  };

  const ended = (text) => (text.trim() === "" || text.trim().startsWith("{") ? text : text.replace(/\r\n/g, "\n").replace(/\n*$/, "\n"));

  form.addEventListener("submit", async (e) => {
    e.preventDefault();
    const button = form.querySelector("button[type=submit]"), file = field("file").files[0];
    button.disabled = true;
    progress.textContent = "正在核验……";
    try {
      const text = file ? await file.text() : ended(field("text").value);
      if (text.trim() === "") {
        progress.textContent = "请选择证明文件，或者粘贴它的内容。";
        return;
      }
      const keys = field("keys").value;
      show(await globalThis.gongxinVerify.check(text, keys, ended(field("old").value), (n, of) => (progress.textContent = `正在核验：${n} / ${of}`)), keys);
      progress.textContent = "";
    } catch (error) {
      progress.textContent = "核验中断：" + error.message;
    } finally {
      button.disabled = false;
    }
  });

  // A file of its own has no other script to name the chosen file or to take what is dropped.
  if (location.protocol === "file:") {
    const zone = form.querySelector("[data-drop]"), input = field("file");
    const name = () => (zone.querySelector("[data-drop-file]").textContent = input.files[0] ? "已选择：" + input.files[0].name : "");
    input.addEventListener("change", name);
    zone.addEventListener("dragover", (e) => e.preventDefault());
    zone.addEventListener("drop", (e) => {
      e.preventDefault();
      if (e.dataTransfer.files.length > 0) {
        input.files = e.dataTransfer.files;
        name();
      }
    });
  }
  showMemory();
})();
