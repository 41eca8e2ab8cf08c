// The console's words, by language. Each catalogue has the same keys; {name} is filled in.
export const LANGS = { en: "English", zh: "中文", ru: "Русский", fr: "Français", es: "Español", ar: "العربية" };

let words = {}, fallback = {};
export let lang = "en";

async function load(code) {
  return (await fetch(`/words/${code}.json`)).json();
}

export async function setLang(code) {
  lang = LANGS[code] ? code : "en";
  fallback = Object.keys(fallback).length ? fallback : await load("en");
  words = lang === "en" ? fallback : await load(lang);
  document.documentElement.lang = lang;
  document.documentElement.dir = lang === "ar" ? "rtl" : "ltr";
  try { localStorage.setItem("lang", lang); } catch { /* it is asked again next time */ }
}

export async function chooseLang() {
  let kept = null;
  try { kept = localStorage.getItem("lang"); } catch { /* none is kept */ }
  await setLang(kept ?? navigator.language.slice(0, 2));
}

export function t(key, values = {}) {
  const text = words[key] ?? fallback[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);
}
