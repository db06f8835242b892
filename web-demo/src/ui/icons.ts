/** Icons: strokes on a 16 by 16 field, coloured like the text around them. */

const PATHS = {
  alert: "M8 2.2 14.4 13.4H1.6L8 2.2ZM8 6.4v3.2M8 11.6v.1",
  arrowDown: "M8 3.2v9.6M4.2 9 8 12.8 11.8 9",
  arrowLeft: "M12.8 8H3.2M7 4.2 3.2 8 7 11.8",
  arrowRight: "M3.2 8h9.6M9 4.2 12.8 8 9 11.8",
  arrowUp: "M8 12.8V3.2M4.2 7 8 3.2 11.8 7",
  check: "M3 8.6 6.4 12 13 4.6",
  clock: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM8 4.8V8l2.2 1.4",
  close: "M4 4l8 8M12 4l-8 8",
  copy: "M6 6h7.2v7.2H6zM10 6V2.8H2.8V10H6",
  database:
    "M2.8 4c0-1 2.3-1.8 5.2-1.8s5.2.8 5.2 1.8-2.3 1.8-5.2 1.8S2.8 5 2.8 4Z" +
    "M2.8 4v8c0 1 2.3 1.8 5.2 1.8s5.2-.8 5.2-1.8V4M2.8 8c0 1 2.3 1.8 5.2 1.8s5.2-.8 5.2-1.8",
  download: "M8 2.4v7.4M4.8 6.8 8 10l3.2-3.2M2.6 13.4h10.8",
  filter: "M2.2 3.4h11.6L9.6 8.6v4.6l-3.2-1.6v-3L2.2 3.4Z",
  lock: "M3.6 7.2h8.8v6.4H3.6zM5.4 7.2V5a2.6 2.6 0 0 1 5.2 0v2.2",
  memory: "M4 4h8v8H4zM6.4 4V2M9.6 4V2M6.4 14v-2M9.6 14v-2M4 6.4H2M4 9.6H2M14 6.4h-2M14 9.6h-2",
  menu: "M2.4 4.4h11.2M2.4 8h11.2M2.4 11.6h11.2",
  moon: "M13.2 9.6A5.6 5.6 0 0 1 6.4 2.8a5.6 5.6 0 1 0 6.8 6.8Z",
  plus: "M8 3v10M3 8h10",
  refresh: "M13.4 8a5.4 5.4 0 1 1-1.6-3.8M13.4 2v3h-3",
  search: "M7 12a5 5 0 1 0 0-10 5 5 0 0 0 0 10ZM10.6 10.6 14 14",
  stack: "M8 2 14 5 8 8 2 5l6-3ZM2.4 8 8 10.8 13.6 8M2.4 11 8 13.8 13.6 11",
  sun:
    "M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6Z" +
    "M8 1.6v1.2M8 13.2v1.2M1.6 8h1.2M13.2 8h1.2" +
    "M3.5 3.5l.8.8M11.7 11.7l.8.8M3.5 12.5l.8-.8M11.7 4.3l.8-.8",
  table: "M2.4 3h11.2v10H2.4zM2.4 6.4h11.2M6.4 6.4V13",
  trash: "M2.8 4.4h10.4M6.2 4.4V2.6h3.6v1.8M4.2 4.4l.6 9h6.4l.6-9M6.8 7v4M9.2 7v4",
} as const;

/** The name of an icon. */
export type IconName = keyof typeof PATHS;

const SVG = "http://www.w3.org/2000/svg";

/** An icon. It says nothing to a screen reader: the text beside it does. */
export function icon(name: IconName): SVGSVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}
