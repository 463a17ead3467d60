// Small helps at the staff desks. Every desk works without this file.
(() => {
  "use strict";

  const announce = (words) => {
    const a = document.querySelector("[data-announcer]");
    if (a) a.textContent = words;
  };
  const size = (n) => (n >= 1 << 30 ? (n / (1 << 30)).toFixed(1) + " GB" : n >= 1 << 20 ? (n / (1 << 20)).toFixed(1) + " MB" : Math.ceil(n / 1024) + " KB");

  // A file dropped beside the zone must not replace the page.
  if (document.querySelector("[data-drop]")) {
    for (const name of ["dragover", "drop"]) document.addEventListener(name, (e) => e.preventDefault());
  }

  // A file that is empty or too large is refused before it is sent.
  document.addEventListener("change", (e) => {
    const input = e.target;
    if (!(input instanceof HTMLInputElement) || input.type !== "file") return;
    const f = input.files && input.files[0];
    const max = Number(input.dataset.max || 0);
    let words = "";
    if (f && f.size === 0) words = "这个文件是空的，请重新选择。";
    if (f && max > 0 && f.size > max) words = "文件有 " + size(f.size) + "，超过上限 " + size(max) + "。请拆成几个文件分别报送。";
    input.setCustomValidity(words);
    if (words) input.reportValidity();
    const note = input.closest("[data-drop]")?.querySelector("[data-drop-file]");
    if (note && f) note.textContent = "已选择：" + f.name + "（" + size(f.size) + "）";
  });

  // Sending: show how much has left, in words and as a bar, and say it now and then.
  document.addEventListener("htmx:beforeRequest", (e) => {
    const form = e.target;
    if (!(form instanceof Element) || !form.matches("[data-upload]")) return;
    form.dataset.said = "0";
    form.querySelector("[data-sending]")?.removeAttribute("hidden");
    announce("开始上传");
  });
  document.addEventListener("htmx:xhr:progress", (e) => {
    const form = e.target;
    const { lengthComputable, loaded, total } = e.detail;
    if (!(form instanceof Element) || !form.matches("[data-upload]") || !lengthComputable || !total) return;
    const bar = form.querySelector("[data-sending] progress");
    const words = form.querySelector("[data-sending] .num");
    const part = Math.floor((100 * loaded) / total);
    if (bar) {
      bar.max = 100;
      bar.value = part;
    }
    if (words) words.textContent = part < 100 ? "已上传 " + part + "%（" + size(loaded) + " / " + size(total) + "）" : "已传完，正在登记";
    const step = 25 * Math.floor(part / 25);
    if (step > Number(form.dataset.said || 0)) {
      form.dataset.said = String(step);
      announce("已上传 " + step + "%");
    }
  });

  // A refused form comes back as the form with its faults.
  document.addEventListener("htmx:beforeSwap", (e) => {
    const form = e.detail.requestConfig?.elt;
    if (!form || !form.matches("[data-upload]")) return;
    const status = e.detail.xhr.status;
    if (status >= 400 && status < 500 && e.detail.xhr.getResponseHeader("X-Form") === "1") {
      e.detail.shouldSwap = true;
      e.detail.isError = false;
    }
  });
  document.addEventListener("htmx:afterSwap", () => {
    const alert = document.querySelector("[data-faults]");
    if (alert) alert.focus();
  });
  const broken = (e) => {
    const form = e.detail.elt;
    if (!form || !form.matches("[data-upload]")) return;
    form.querySelector("[data-sending]")?.setAttribute("hidden", "");
    const words = "上传没有完成，文件没有收到。请检查网络后再点一次“报送”。";
    const note = form.querySelector("[data-broken]");
    if (note) {
      note.textContent = words;
      note.removeAttribute("hidden");
    }
    announce(words);
  };
  // What comes in later gets its print buttons too; those of the first page have theirs from app.js.
  document.addEventListener("htmx:load", (e) => {
    if (e.target === document.body) return;
    e.target.querySelectorAll("[data-print][hidden]").forEach((b) => {
      b.hidden = false;
      b.addEventListener("click", () => window.print());
    });
  });
  document.addEventListener("htmx:sendError", broken);
  document.addEventListener("htmx:responseError", broken);
})();
