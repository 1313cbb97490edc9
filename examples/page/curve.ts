/** A curve of numbers above 0 on a canvas, the vertical axis logarithmic. */
export function drawCurve(canvas: HTMLCanvasElement, values: readonly number[]): void {
  const pen = canvas.getContext("2d");
  if (!pen || values.length === 0) return;
  const { width, height } = canvas;
  const plot = { left: 72, right: width - 12, top: 16, bottom: height - 40 };
  const logs = values.map((value) => Math.log10(Math.max(value, 1e-6)));
  const marks = marksAround(Math.min(...logs), Math.max(...logs));
  const [low, high] = [Math.log10(marks[0]!), Math.log10(marks.at(-1)!)];
  const x = (i: number): number => plot.left + ((plot.right - plot.left) * i) / Math.max(1, values.length - 1);
  const y = (log: number): number => plot.top + ((plot.bottom - plot.top) * (high - log)) / (high - low);
  pen.clearRect(0, 0, width, height);
  pen.font = "20px system-ui, sans-serif";
  pen.fillStyle = "#555";
  pen.strokeStyle = "#e4e4e4";
  pen.lineWidth = 1.5;
  pen.textAlign = "right";
  for (const mark of marks) {
    const at = y(Math.log10(mark));
    pen.beginPath();
    pen.moveTo(plot.left, at);
    pen.lineTo(plot.right, at);
    pen.stroke();
    pen.fillText(String(mark), plot.left - 10, at + 7);
  }
  pen.textAlign = "left";
  pen.fillText(`loss, steps 1 to ${values.length}`, plot.left, height - 10);
  pen.strokeStyle = "#0b62a4";
  pen.lineWidth = 2;
  pen.lineJoin = "round";
  pen.beginPath();
  logs.forEach((log, i) => (i === 0 ? pen.moveTo(x(i), y(log)) : pen.lineTo(x(i), y(log))));
  pen.stroke();
}

/** Two marks or more that have two logarithms between them: 1, 2 and 5 of each power of ten; of many powers, 1 alone. */
function marksAround(low: number, high: number): readonly number[] {
  const [from, to] = [Math.floor(low) - 1, Math.floor(high) + 1];
  const digits = high - low > 2.5 ? [1] : [1, 2, 5];
  const marks = Array.from({ length: to - from + 1 }, (_, i) => digits.map((digit) => Number(`${digit}e${from + i}`))).flat(); // prettier-ignore
  const first = marks.findLastIndex((mark) => Math.log10(mark) <= low);
  return marks.slice(first, marks.findIndex((mark) => Math.log10(mark) > high) + 1);
}
