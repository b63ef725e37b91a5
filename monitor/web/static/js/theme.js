// Light or dark: what the viewer chose, else what the system says. A classic script in <head>, so that the first paint is right.
(() => {
  const KEY = "grid-theme";
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const read = () => { try { return localStorage.getItem(KEY); } catch { return null; } };
  const keep = (theme) => { try { theme ? localStorage.setItem(KEY, theme) : localStorage.removeItem(KEY); } catch { /* a private window: not kept */ } };
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  const apply = (theme) => {
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
    else delete root.dataset.theme;
    document.getElementById("theme")?.setAttribute("aria-pressed", String(isDark()));
    dispatchEvent(new CustomEvent("theme")); // for what is drawn: charts
  };
  apply(read());
  system.addEventListener("change", () => apply(read()));
  addEventListener("beforeprint", () => apply("light")); // paper is white, and light ink on it can't be read
  addEventListener("afterprint", () => apply(read()));
  addEventListener("storage", (event) => { if (event.key === KEY) apply(event.newValue); });
  addEventListener("DOMContentLoaded", () => {
    apply(read());
    document.getElementById("theme").addEventListener("click", () => {
      const wanted = isDark() ? "light" : "dark";
      const theme = wanted === (system.matches ? "dark" : "light") ? null : wanted; // back to following the system
      keep(theme);
      apply(theme);
    });
  });
})();
