/* Filters the claims ledger in place; without this script the whole table shows. */
(() => {
  "use strict";

  const FIELDS = ["Verdict", "Section", "Kind"];
  const text = (element) => element.textContent.trim();
  const make = (tag, properties) => Object.assign(document.createElement(tag), properties);

  function choice(name, values) {
    const select = make("select", { name: name.toLowerCase() });
    select.append(new Option("all", ""), ...[...values].map((value) => new Option(value, value)));
    return select;
  }

  function start() {
    const table = document.querySelector(".ledger table, table.ledger");
    if (!table?.tHead || !table.tBodies.length) return;

    const heads = [...table.tHead.rows[0].cells].map(text);
    const columns = FIELDS.map((name) => heads.indexOf(name));
    const rows = [...table.tBodies[0].rows].map((row) => ({
      row,
      words: row.textContent.toLowerCase(),
      values: columns.map((column) => (column < 0 ? "" : text(row.cells[column]))),
    }));

    const form = make("form", { className: "ledger-filter", autocomplete: "off" });
    form.setAttribute("role", "search");
    form.setAttribute("aria-label", "Filter the ledger");
    const selects = FIELDS.map((name, i) => choice(name, new Set(rows.map((r) => r.values[i]))));
    const search = make("input", { type: "search", name: "text" });
    const count = make("output", { ariaLive: "polite" });
    const controls = [...selects, search];
    [...FIELDS, "Text"].forEach((name, i) => {
      if (columns[i] < 0) return;
      form.append(make("label", { textContent: name }));
      form.lastChild.append(controls[i]);
    });
    form.append(make("button", { type: "reset", textContent: "Reset" }), count);
    (table.closest(".pst-scrollable-table-container") ?? table).before(form);

    // The row that the address points at always shows, whatever the filter says.
    const target = () => document.getElementById(location.hash.slice(1))?.closest("tr");

    function apply() {
      const wanted = search.value.toLowerCase().split(/\s+/);
      const kept = target();
      for (const { row, words, values } of rows) {
        const fits = selects.every((select, i) => !select.value || select.value === values[i]);
        row.hidden = row !== kept && !(fits && wanted.every((word) => words.includes(word)));
      }
      count.textContent = `${rows.filter(({ row }) => !row.hidden).length} of ${rows.length} rows`;
    }

    function reveal() {
      apply();
      const row = target();
      if (table.contains(row ?? null)) row.scrollIntoView({ block: "center" });
    }

    function changed() {
      const set = controls.filter((control) => control.value);
      const query = new URLSearchParams(set.map((control) => [control.name, control.value]));
      history.replaceState(null, "", location.pathname + (query.size ? `?${query}` : ""));
      apply();
    }

    const asked = new URLSearchParams(location.search);
    for (const control of controls) control.value = asked.get(control.name) ?? "";
    for (const select of selects) if (select.selectedIndex < 0) select.value = "";
    form.addEventListener("input", changed);
    form.addEventListener("reset", () => setTimeout(changed));
    form.addEventListener("submit", (event) => event.preventDefault());
    window.addEventListener("hashchange", reveal);
    reveal();
  }

  document.addEventListener("DOMContentLoaded", start);
})();
