/** SVG to PNG, with the font that the package brings: a machine without fonts draws the same picture. For Node alone. */
import { drawingFont } from "./drawingStyle.ts";

/**
 * @param svg text of an SVG file
 * @param scale pixels for each pixel of the SVG. Default 2.
 * @returns the bytes of a PNG file
 */
export async function rasterise(svg: string, { scale = 2 }: { readonly scale?: number } = {}): Promise<Uint8Array> {
  const { Resvg } = await import("@resvg/resvg-js");
  const { createRequire } = await import("node:module");
  const require = createRequire(import.meta.url);
  const fontFiles = ["400Regular/SourceSans3_400Regular.ttf", "600SemiBold/SourceSans3_600SemiBold.ttf"].map((file) =>
    require.resolve(`@expo-google-fonts/source-sans-3/${file}`),
  );
  const image = new Resvg(svg, {
    fitTo: { mode: "zoom", value: scale },
    font: { fontFiles, loadSystemFonts: false, defaultFontFamily: drawingFont, sansSerifFamily: drawingFont },
  });
  return image.render().asPng();
}
