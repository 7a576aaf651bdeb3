declare module "oled-font-5x7" {
  const font: { width: number; height: number; fontData: readonly number[]; lookup: readonly string[] };
  export default font;
}
