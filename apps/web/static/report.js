// Draws the charts of the report from the figures in its tables. Without it the tables say the same.
(() => {
  "use strict";
  const DASHES = [[], [6, 3], [2, 2], [8, 3, 2, 3], [1, 3]], POINTS = ["circle", "rect", "triangle", "rectRot", "cross"];
  const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const colours = () => ["--main", "--bad", "--good", "--warn", "--quiet"].map(token);

  const figures = (table) => {
    const columns = Number(table.dataset.columns);
    const heads = [...table.tHead.rows[0].cells].slice(1, columns + 1).map((cell) => cell.textContent.trim());
    const rows = [...table.tBodies[0].rows].filter((row) => row.cells.length > columns);
    return {
      labels: rows.map((row) => row.cells[0].textContent.trim()),
      series: heads.map((label, n) => ({ label, data: rows.map((row) => Number(row.cells[n + 1].textContent)) })),
    };
  };

  const draw = (table) => {
    const read = figures(table), type = table.dataset.chart;
    const place = table.closest(".block").querySelector(".chart");
    if (!place || !read.labels.length) return;
    const canvas = document.createElement("canvas");
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", document.getElementById(table.getAttribute("aria-labelledby")).textContent.trim());
    place.append(canvas);
    place.hidden = false;
    const [ink, line] = [token("--ink"), token("--line")];
    const axis = { ticks: { color: ink, precision: 0 }, grid: { color: line }, beginAtZero: true };
    new Chart(canvas, {
      type,
      data: {
        labels: read.labels,
        datasets: read.series.map((each, n) => ({
          ...each, borderColor: colours()[n], backgroundColor: colours()[n], borderWidth: type === "line" ? 2 : 0,
          borderDash: type === "line" ? DASHES[n] : [], pointStyle: POINTS[n], pointRadius: 4,
        })),
      },
      options: {
        animation: false, responsive: true, maintainAspectRatio: false,
        scales: { x: axis, y: axis },
        plugins: { legend: { position: "bottom", labels: { color: ink, usePointStyle: type === "line" } } },
      },
    });
  };

  if (window.Chart) for (const table of document.querySelectorAll("table[data-chart]")) draw(table);
})();
