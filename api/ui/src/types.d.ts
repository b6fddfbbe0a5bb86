// The shapes of the API, for editors: `openapi-typescript openapi/openapi.yaml -o api/ui/src/schema.d.ts` makes what they are named from.
import type { components } from "./schema";

type Schemas = components["schemas"];
export type Job = Schemas["Job"];
export type JobFile = Schemas["JobFile"];
export type JobStatus = Schemas["JobStatus"];
export type JobFileList = Schemas["JobFileList"];
export type Analysis = Schemas["Analysis"];
export type NeedsSelection = Schemas["NeedsSelection"];
export type SelectableItem = Schemas["SelectableItem"];
export type Plan = Schemas["Plan"];
export type CacheList = Schemas["CacheList"];
export type CachedRepo = Schemas["CachedRepo"];
export type CachedRepoDetails = Schemas["CachedRepoDetails"];
export type Settings = Schemas["Settings"];
export type SettingsChange = Schemas["SettingsChange"];
