// Passkeys. Browsers offer them to scripts only, so that their forms stay hidden without this file. A form names where its challenge comes from
// (data-begin) and what is done with it (data-passkey: get or create); the answer leaves as fields of the form itself.
(() => {
  "use strict";

  if (!window.PublicKeyCredential || !navigator.credentials) {
    document.querySelectorAll("form[data-passkey]").forEach((form) => {
      const note = document.createElement("p");
      note.className = "small muted";
      note.textContent = "这个浏览器不支持通行密钥，或者网址不是 https。";
      form.before(note);
    });
    return;
  }

  const bytes = (text) => {
    const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(plain, (c) => c.charCodeAt(0));
  };
  const text = (buffer) =>
    btoa(Array.from(new Uint8Array(buffer), (b) => String.fromCharCode(b)).join(""))
      .replace(/\+/g, "-")
      .replace(/\//g, "_")
      .replace(/=+$/, "");

  // The challenge comes with base64url where the browser wants bytes.
  const options = (given) => {
    const o = given.publicKey;
    o.challenge = bytes(o.challenge);
    if (o.user) o.user.id = bytes(o.user.id);
    for (const list of [o.allowCredentials, o.excludeCredentials]) {
      for (const c of list || []) c.id = bytes(c.id);
    }
    return { publicKey: o };
  };

  const answer = (credential) => {
    const r = credential.response;
    const out = {
      id: credential.id,
      rawId: text(credential.rawId),
      type: credential.type,
      clientExtensionResults: credential.getClientExtensionResults(),
      response: { clientDataJSON: text(r.clientDataJSON) },
    };
    if (credential.authenticatorAttachment) out.authenticatorAttachment = credential.authenticatorAttachment;
    if (r.attestationObject) {
      out.response.attestationObject = text(r.attestationObject);
      if (r.getTransports) out.response.transports = r.getTransports();
    } else {
      out.response.authenticatorData = text(r.authenticatorData);
      out.response.signature = text(r.signature);
      if (r.userHandle) out.response.userHandle = text(r.userHandle);
    }
    return JSON.stringify(out);
  };

  const words = (error) => {
    switch (error.name) {
      case "NotAllowedError":
        return "没有完成：已经取消，或者超过了时间。请再试一次。";
      case "InvalidStateError":
        return "这台设备上的密钥已经登记过了。";
      case "SecurityError":
        return "当前的网址不能使用通行密钥，请从本站的正式网址打开。";
      case "NotSupportedError":
        return "这台设备不支持需要的通行密钥。";
      case "Refusal":
        return error.message;
      default:
        return "没有完成。请检查网络后再试一次。";
    }
  };

  const begin = async (form) => {
    const r = await fetch(form.dataset.begin, { method: "POST", headers: { Accept: "application/json" }, redirect: "error" });
    const isJSON = (r.headers.get("Content-Type") || "").startsWith("application/json");
    const body = isJSON ? await r.json() : {};
    if (r.ok && isJSON) return body;
    const e = new Error(body.message ? body.message + (body.fix || "") : "登录可能已经失效，请刷新页面。");
    e.name = "Refusal";
    throw e;
  };

  document.querySelectorAll("form[data-passkey]").forEach((form) => {
    const fault = form.querySelector("[data-passkey-fault]");
    const button = form.querySelector("button");
    form.hidden = false;
    form.addEventListener("submit", async (e) => {
      e.preventDefault(); // only what the fields hold after the device has answered may leave
      fault.hidden = true;
      button.disabled = true;
      try {
        const c = await begin(form);
        const credential = await navigator.credentials[form.dataset.passkey](options(c.options));
        form.elements.namedItem("ceremony").value = c.ceremony;
        form.elements.namedItem("answer").value = answer(credential);
        form.submit(); // sends without asking this listener again
      } catch (error) {
        fault.textContent = words(error);
        fault.hidden = false;
        button.disabled = false;
      }
    });
  });

  // A page that comes back from the browser's memory must not keep its button asleep.
  addEventListener("pageshow", (e) => {
    if (e.persisted) document.querySelectorAll("form[data-passkey] button").forEach((b) => (b.disabled = false));
  });
})();
