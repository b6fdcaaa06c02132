/* ES modules in the runtime client of Node.js functions: which files are some, and where else they are looked for. */
import fs from "node:fs";
import * as nodeModules from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";

/** Node's own rule: the nearest package.json says what a .js file is. */
export function isEsModule(file) {
  if (!file.endsWith(".js")) return false;
  for (let folder = path.dirname(file); ; folder = path.dirname(folder)) {
    try {
      return JSON.parse(fs.readFileSync(path.join(folder, "package.json"), "utf8")).type === "module";
    } catch (error) {
      if (error.code !== "ENOENT" && error.code !== "ENOTDIR") return false;
    }
    if (folder === path.dirname(folder)) return false;
  }
}

/** A loader's hook: bare specifiers that are found nowhere else are looked for beside `parents`. Self-contained, it may
 * run in a thread of its own. */
function makeResolver(parents) {
  const isBare = (specifier) => /^(?![a-z]+:)[@\w]/i.test(specifier);
  const isMissing = (error) => error?.code === "ERR_MODULE_NOT_FOUND";
  return {
    async: async (specifier, context, next) => {
      try {
        return await next(specifier, context);
      } catch (error) {
        if (!isMissing(error) || !isBare(specifier)) throw error;
        for (const parentURL of parents) {
          try {
            return await next(specifier, { ...context, parentURL });
          } catch (again) {
            if (!isMissing(again)) throw again;
          }
        }
        throw error;
      }
    },
    sync: (specifier, context, next) => {
      try {
        return next(specifier, context);
      } catch (error) {
        if (!isMissing(error) || !isBare(specifier)) throw error;
        for (const parentURL of parents) {
          try {
            return next(specifier, { ...context, parentURL });
          } catch (again) {
            if (!isMissing(again)) throw again;
          }
        }
        throw error;
      }
    },
  };
}

/** Node.js itself uses NODE_PATH for `require` alone; AWS's runtimes, from nodejs18.x on, for `import` as well. Layers and
 * the AWS SDK are found by it. `file`: the handler's, without its extension. Hooks that need a thread take a while: not
 * for functions that import nothing so. */
export function importFromNodePath(file) {
  const suffix = "/node_modules";
  const parents = (process.env.NODE_PATH || "").split(":")
    .filter((folder) => folder.endsWith(suffix) && fs.existsSync(folder) && fs.readdirSync(folder).length > 0)
    .map((folder) => pathToFileURL(folder.slice(0, -suffix.length) + "/index.mjs").href);
  if (parents.length === 0) return;
  if (nodeModules.registerHooks) {
    nodeModules.registerHooks({ resolve: makeResolver(parents).sync });
  } else if (nodeModules.register && mayImport(file)) {
    const source = `export const resolve = (${makeResolver})(${JSON.stringify(parents)}).async;`;
    nodeModules.register(`data:text/javascript,${encodeURIComponent(source)}`);
  }
}

/** Whether the handler's file, without its extension, is an ES module, or imports some. */
function mayImport(file) {
  if (fs.existsSync(file + ".mjs") || isEsModule(file + ".js")) return true;
  for (const extension of ["", ".js", ".cjs"]) {
    try {
      return /\bimport\s*\(/.test(fs.readFileSync(file + extension, "utf8"));
    } catch {
      continue;
    }
  }
  return false;
}
