/** A curve of numbers above 0 on a canvas, the vertical axis logarithmic. */
export function drawCurve(canvas: HTMLCanvasElement, values: readonly number[]): void {
  const pen = canvas.getContext("2d");
  if (!pen || values.length === 0) return;
  const { width, height } = canvas;
  const [left, bottom] = [68, 36];
  const logs = values.map((value) => Math.log10(Math.max(value, 1e-6)));
  const low = Math.floor(Math.min(...logs) * 2) / 2;
  const high = Math.max(Math.ceil(Math.max(...logs) * 2) / 2, low + 0.5);
  const x = (i: number): number => left + ((width - left - 8) * i) / Math.max(1, values.length - 1);
  const y = (log: number): number => 8 + (height - bottom - 8) * ((high - log) / (high - low));
  pen.clearRect(0, 0, width, height);
  pen.font = "20px system-ui, sans-serif";
  pen.fillStyle = "#555";
  pen.strokeStyle = "#ddd";
  for (let log = low; log <= high; log += 0.5) {
    pen.beginPath();
    pen.moveTo(left, y(log));
    pen.lineTo(width - 8, y(log));
    pen.stroke();
    pen.fillText((10 ** log).toPrecision(2), 4, y(log) + 7);
  }
  pen.fillText(`loss, steps 1 to ${values.length}`, left, height - 6);
  pen.strokeStyle = "#0b62a4";
  pen.lineWidth = 3;
  pen.beginPath();
  logs.forEach((log, i) => (i === 0 ? pen.moveTo(x(i), y(log)) : pen.lineTo(x(i), y(log))));
  pen.stroke();
}
