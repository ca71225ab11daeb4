"use strict";
// Everything that comes from the code that was read reaches the page as text (textContent, option labels), never as markup.
const DATA = JSON.parse(document.getElementById("data").textContent);
const PAGE = 200;
const byId = new Map(DATA.classes.map((c) => [c.id, c]));
const $ = (id) => document.getElementById(id);
let limit = PAGE;

function make(tag, props = {}, ...children) {
  const node = Object.assign(document.createElement(tag), props);
  node.append(...children);
  return node;
}

function options(select, values) {
  for (const value of [...new Set(values)].sort()) select.append(make("option", { value, textContent: value }));
}

function wanted() {
  const words = $("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  const [pack, owner, rule] = ["package", "owner", "rule"].map((id) => $(id).value);
  const states = new Set([...document.querySelectorAll("[name=state]:checked")].map((box) => box.value));
  return DATA.classes.filter((c) => {
    const text = (c.id + " " + c.blockers.join(" ")).toLowerCase();
    return states.has(c.state) && (!pack || c.package === pack) && (!owner || c.owners.includes(owner)) &&
      (!rule || rule in c.codes) && words.every((word) => text.includes(word));
  });
}

function count(codes) {
  return Object.values(codes).reduce((a, b) => a + b, 0);
}

function show() {
  const found = wanted();
  const body = $("table").tBodies[0];
  body.replaceChildren(...found.slice(0, limit).map(row));
  $("count").textContent = `${found.length} of ${DATA.classes.length} classes`;
  $("more").hidden = found.length <= limit;
}

function row(c) {
  const button = make("button", { type: "button", className: "link", textContent: c.name });
  button.setAttribute("aria-expanded", "false");
  const line = make("tr", {},
    make("td", {}, button),
    make("td", { textContent: `${c.file}:${c.line}` }),
    make("td", {}, make("span", { className: `state ${c.state}`, textContent: c.state })),
    make("td", { className: "number", textContent: c.lines }),
    make("td", { className: "number", textContent: count(c.codes) || "" }),
    make("td", { className: "number", textContent: c.step ?? "" }));
  line.dataset.id = c.id;
  button.addEventListener("click", () => toggle(line, button, c));
  return line;
}

function toggle(line, button, c) {
  const open = line.nextElementSibling?.classList.contains("detail");
  button.setAttribute("aria-expanded", String(!open));
  if (open) line.nextElementSibling.remove();
  else line.after(detail(c));
}

function list(title, items) {
  return items.length ? [make("h3", { textContent: title }), make("ul", {}, ...items.map((text) => make("li", { textContent: text })))] : [];
}

function detail(c) {
  const cell = make("td", { colSpan: 6 });
  cell.append(...list({ manual: "What blocks", review: "What to look at" }[c.state] ?? "Notes", c.blockers));
  const verdict = c.verdict
    ? [`${c.verdict.status} on ${c.verdict.platforms.join(", ")}: ${c.verdict.reason}`]
    : c.state === "nnx" ? [] : ["not verified; flake8-nnx check --verify stores a verdict"];
  cell.append(...list("Verdict", verdict));
  cell.append(...list("Needs", c.depends.map((k) => DATA.classes[k].id)));
  const codes = Object.entries(c.codes).map(([code, n]) => (n > 1 ? `${code} × ${n}` : code));
  if (codes.length) cell.append(...list("Findings", [codes.join(", ")]));
  const both = c.rows.some((r) => r[2]);
  const table = make("table", { className: "sides" });
  const head = make("tr", {}, make("th", { scope: "col", textContent: c.state === "nnx" ? "NNX" : "Linen" }));
  if (both) head.append(make("th", { scope: "col", textContent: "proposed NNX" }));
  table.append(make("caption", { className: "hidden", textContent: `Source of ${c.name}` }), make("thead", {}, head));
  table.append(make("tbody", {}, ...c.rows.map(([kind, left, right]) => {
    const cells = [make("td", { className: kind, textContent: left })];
    if (both) cells.push(make("td", { className: kind, textContent: right }));
    return make("tr", {}, ...cells);
  })));
  cell.append(table);
  return make("tr", { className: "detail" }, cell);
}

function reveal(id) {
  if (!byId.has(id)) return;
  for (const box of document.querySelectorAll("[name=state]")) box.checked = true;
  for (const other of ["package", "owner", "rule"]) $(other).value = "";
  $("search").value = id;
  limit = PAGE;
  show();
  const line = [...$("table").tBodies[0].rows].find((each) => each.dataset.id === id);
  if (line && !line.nextElementSibling?.classList.contains("detail")) line.querySelector("button").click();
  $("classes").scrollIntoView();
  line?.querySelector("button").focus({ preventScroll: true });
}

options($("package"), DATA.classes.map((c) => c.package));
options($("owner"), DATA.classes.flatMap((c) => c.owners));
options($("rule"), DATA.classes.flatMap((c) => Object.keys(c.codes)));
$("filters").addEventListener("submit", (event) => event.preventDefault());
$("filters").addEventListener("input", () => { limit = PAGE; show(); });
$("more").addEventListener("click", () => { limit += PAGE; show(); });
for (const link of document.querySelectorAll("[data-class]")) {
  link.addEventListener("click", (event) => { event.preventDefault(); reveal(link.dataset.class); });
}
$("theme").addEventListener("click", () => {
  document.documentElement.dataset.theme = dark() ? "light" : "dark";
  drawPlots();
});
function dark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawPlots());
show();

// ---- plots: plotly reads labels as its own small markup, so that < and & of names are spelled out -------------------

function plain(text) {
  return String(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

// A plot is drawn when it comes into sight: drawing hundreds of boxes must not keep the rest of the page waiting.
const DRAWN = new Map([["treemap-plot", drawTreemap], ["graph-plot", drawGraph]]);
const seen = new Set();
const watcher = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (isIntersecting && !seen.has(target.id)) setTimeout(() => { seen.add(target.id); DRAWN.get(target.id)(); });
  }
}, { rootMargin: "200px" });

function watchPlots() {
  for (const id of DRAWN.keys()) watcher.observe($(id));
}

function drawPlots() {
  for (const id of seen) DRAWN.get(id)();
}

function looks() {
  const style = getComputedStyle(document.documentElement);
  const [sheet, ink, line] = ["--sheet", "--ink", "--line"].map((name) => style.getPropertyValue(name).trim());
  const layout = {
    paper_bgcolor: sheet, plot_bgcolor: sheet, margin: { t: 8, r: 8, b: 8, l: 8 },
    font: { color: ink, family: "system-ui, sans-serif", size: 12 }, showlegend: false, hovermode: "closest",
  };
  return { sheet, line, layout, config: { displayModeBar: false, responsive: true } };
}

function drawTreemap() {
  const { sheet, layout, config } = looks();
  Plotly.react("treemap-plot", [treemap(sheet)], layout, config);
}

function drawGraph() {
  const { sheet, line, layout, config } = looks();
  if (!DATA.graph) {
    $("graph-plot").hidden = true;
    $("graph-hint").textContent = "There is nothing to draw: no class needs another, or there are too many to be seen. The plan has the order.";
    return;
  }
  const axis = { visible: false, fixedrange: false };
  const plot = Plotly.react("graph-plot", graph(line, sheet), { ...layout, xaxis: axis, yaxis: axis }, config);
  plot.then((div) => {
    div.removeAllListeners?.("plotly_click");
    div.on("plotly_click", (event) => { const k = event.points[0].customdata; if (k !== undefined) reveal(DATA.classes[k].id); });
  });
}

function treemap(sheet) {
  const ids = [""], labels = ["all"], parents = [""], values = [0], colours = [sheet], texts = [""];
  const known = new Map();
  ids[0] = "root";
  const common = prefix(DATA.classes.map((c) => c.package + "/"));
  function add(id, label, parent, value, colour, text) {
    ids.push(id); labels.push(plain(label)); parents.push(parent); values.push(value); colours.push(colour); texts.push(plain(text));
  }
  for (const c of DATA.classes) {
    const pack = `p:${c.package}`, file = `f:${c.file}`;
    if (!known.has(pack)) { known.set(pack, ids.length); add(pack, (c.package + "/").slice(common) || c.package, "root", 0, sheet, c.package); }
    if (!known.has(file)) { known.set(file, ids.length); add(file, c.file.split("/").pop(), pack, 0, sheet, c.file); }
    add(`c:${c.id}:${c.line}`, c.name, file, c.lines, DATA.colours[c.state], `${DATA.states[c.state]}, ${c.lines} lines`);
    for (const k of [0, known.get(pack), known.get(file)]) values[k] += c.lines;
  }
  return {
    type: "treemap", ids, labels, parents, values, text: texts, branchvalues: "total", tiling: { pad: 1 }, maxdepth: 4,
    marker: { colors: colours, line: { width: 1, color: sheet } }, textinfo: "label", hovertemplate: "%{label}<br>%{text}<extra></extra>",
    pathbar: { visible: true },
  };
}

// How much of the paths is the same for all, up to a slash.
function prefix(paths) {
  let length = paths[0]?.length ?? 0;
  for (const path of paths) while (!path.startsWith(paths[0].slice(0, length))) length -= 1;
  return (paths[0] ?? "").lastIndexOf("/", length - 1) + 1;
}

function graph(line, sheet) {
  const at = new Map(DATA.graph.nodes.map(([k, x, y]) => [k, [x, y]]));
  const xs = [], ys = [];
  for (const [one, other] of DATA.graph.edges) {
    xs.push(at.get(one)[0], at.get(other)[0], null);
    ys.push(at.get(one)[1], at.get(other)[1], null);
  }
  const nodes = DATA.graph.nodes.map(([k]) => DATA.classes[k]);
  const few = nodes.length <= 40;
  return [
    { type: "scatter", mode: "lines", x: xs, y: ys, line: { color: line, width: 1 }, hoverinfo: "skip" },
    {
      type: "scatter", mode: few ? "markers+text" : "markers", x: DATA.graph.nodes.map((n) => n[1]), y: DATA.graph.nodes.map((n) => n[2]),
      text: nodes.map((c) => plain(c.name)), textposition: "top center", customdata: DATA.graph.nodes.map((n) => n[0]),
      hovertext: nodes.map((c) => plain(`${c.id}: ${DATA.states[c.state]}`)), hoverinfo: "text",
      marker: { size: few ? 13 : 9, color: nodes.map((c) => DATA.colours[c.state]), line: { width: 1.5, color: sheet } },
    },
  ];
}
