// Copies the browser assets that `npm ci` fetched into the folder from which the program embeds them, with the licences
// they ask to travel with. It only copies: what is served is byte for byte what the lock file's checksums name.
import { copyFile, mkdir, readdir, rm, stat } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const from = path.join(root, "node_modules");
const to = path.join(root, "internal", "web", "ui", "static", "vendor");
const toFonts = path.join(root, "internal", "report", "fonts", "vendor");

// Source in node_modules → name in the vendor folder. A folder is copied with its files.
const files = {
  "htmx.org/dist/htmx.min.js": "htmx.min.js",
  "htmx.org/LICENSE": "licenses/htmx.txt",
  "echarts/dist/echarts.min.js": "echarts.min.js",
  "echarts/LICENSE": "licenses/echarts.txt",
  "echarts/NOTICE": "licenses/echarts-notice.txt",
  "echarts/licenses": "licenses/echarts",
  "zrender/LICENSE": "licenses/zrender.txt",
};

// What reports are set in, embedded beside the package that makes them.
const fonts = {
  "@expo-google-fonts/noto-sans-sc/400Regular/NotoSansSC_400Regular.ttf": "regular.ttf",
  "@expo-google-fonts/noto-sans-sc/700Bold/NotoSansSC_700Bold.ttf": "bold.ttf",
  "@expo-google-fonts/noto-sans-sc/LICENSE_FONT": "license.txt",
};

async function copy(source, target) {
  if ((await stat(source)).isDirectory()) {
    for (const name of await readdir(source)) {
      await copy(path.join(source, name), path.join(target, name + (path.extname(name) ? "" : ".txt")));
    }
    return;
  }
  await mkdir(path.dirname(target), { recursive: true });
  await copyFile(source, target);
}

for (const [list, folder] of [[files, to], [fonts, toFonts]]) {
  await rm(folder, { recursive: true, force: true });
  for (const [source, target] of Object.entries(list)) {
    await copy(path.join(from, source), path.join(folder, target));
  }
  console.log(`assets: ${Object.keys(list).length} sources copied to ${path.relative(root, folder)}`);
}
