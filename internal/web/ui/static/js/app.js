// Small helps for readers with JavaScript. Every page works without this file.
(() => {
  "use strict";

  const announcer = document.querySelector("[data-announcer]");
  const announce = (words) => {
    if (announcer) announcer.textContent = words;
  };

  // Codes: a button that copies.
  if (navigator.clipboard) {
    const reveal = (root) => root.querySelectorAll("[data-copy]").forEach((b) => (b.hidden = false));
    reveal(document);
    document.addEventListener("htmx:load", (e) => reveal(e.target));
    document.addEventListener("click", async (e) => {
      const b = e.target.closest("[data-copy]");
      if (!b) return;
      try {
        await navigator.clipboard.writeText(b.dataset.copy);
        b.textContent = "已复制";
        announce("已复制 " + b.dataset.copy);
      } catch {
        b.textContent = "请手动复制";
        announce("浏览器不允许复制，请手动选中复制");
      }
      setTimeout(() => (b.textContent = "复制"), 2000);
    });
  }

  // Printing: the button is only there when it can do something; folded parts are opened for paper.
  document.querySelectorAll("[data-print]").forEach((b) => {
    b.hidden = false;
    b.addEventListener("click", () => window.print());
  });
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details:not([open])")];
    opened.forEach((d) => (d.open = true));
  });
  addEventListener("afterprint", () => {
    opened.forEach((d) => (d.open = false));
    opened = [];
  });

  // Empty filters do not clutter the address.
  document.querySelectorAll("form.filter, form.asof").forEach((f) => {
    f.addEventListener("formdata", (e) => {
      for (const [name, value] of [...e.formData.entries()]) {
        if (value === "") e.formData.delete(name);
      }
    });
  });

  // Files: drop them on the zone.
  document.querySelectorAll("[data-drop]").forEach((zone) => {
    const input = zone.querySelector("input[type=file]");
    const name = zone.querySelector("[data-drop-file]");
    const show = () => {
      const f = input.files && input.files[0];
      name.textContent = f ? "已选择：" + f.name : "";
      if (f) announce("已选择文件 " + f.name);
    };
    input.addEventListener("change", show);
    zone.addEventListener("dragover", (e) => {
      e.preventDefault();
      zone.classList.add("drop--over");
    });
    zone.addEventListener("dragleave", () => zone.classList.remove("drop--over"));
    zone.addEventListener("drop", (e) => {
      e.preventDefault();
      zone.classList.remove("drop--over");
      if (e.dataTransfer.files.length > 0) {
        input.files = e.dataTransfer.files;
        show();
      }
    });
  });
})();
