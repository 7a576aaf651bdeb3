export { CATALOGUE, type CatalogueEntry, catalogued, cataloguedBytes } from "./catalogue.ts";
export { type Download, download } from "./download.ts";
export { sha256OfFile, storeCopy, storeDownload } from "./import_model.ts";
export { checkLock, formatLock, LOCK_FILE, type LockEntry, readLock } from "./lock.ts";
export { findModel, type ModelPlaces, modelResolver } from "./resolve.ts";
export { isModelName, ModelStore, type StoredRecord } from "./store.ts";
