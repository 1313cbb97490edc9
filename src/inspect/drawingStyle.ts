/** Colours and fonts of drawings. Colours of read modes can be told apart by the colour-blind (Okabe and Ito 2008). */

/** The family that comes with the package and is used for PNG; others are for viewers of the SVG that have not got it. */
export const drawingFont = "Source Sans 3";
export const drawingFonts = `${drawingFont}, Source Sans Pro, Helvetica Neue, Arial, sans-serif`;

export const drawingColours = {
  ink: "#1f2933",
  faint: "#66727f",
  line: "#c3ccd5",
  ground: "#f3f5f7",
  paper: "#ffffff",
  bar: "#486581",
  answer: "#6c5fc7",
  modes: { forward: "#009e73", content: "#c9ced6", backward: "#d55e00" },
} as const;
