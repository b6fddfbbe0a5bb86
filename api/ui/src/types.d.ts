// The shapes of the API by their names in its document, for the type checker: check.sh makes what they are read from.
import type { components, operations } from "#schema";

type Schemas = components["schemas"];
type Content<Of> = Of extends { content: { "application/json": infer Json } } ? Json : never;
type Good<Answers> = { [Status in keyof Answers]: Status extends 200 | 201 | 202 ? Content<Answers[Status]> : never }[keyof Answers];

/** What an operation answers with when all is well. */
export type Answer<Operation extends keyof operations> = Good<operations[Operation]["responses"]>;
/** The query of an operation. */
export type Query<Operation extends keyof operations> = NonNullable<operations[Operation]["parameters"]["query"]>;

/** What an input tells of itself. */
export type Input = { currentTarget: HTMLInputElement };

export type Job = Schemas["Job"];
export type JobFile = Schemas["JobFile"];
export type Analysis = Schemas["RepoInfo"];
export type SelectableItem = Schemas["SelectableItem"];
export type Plan = Schemas["Plan"];
export type DownloadRequest = Schemas["DownloadRequest"];
export type CachedRepo = Schemas["CachedRepo"];
export type CachedFile = Schemas["CachedFile"];
export type CachedRepoDetails = Schemas["CachedRepoDetails"];
export type PruneRequest = Schemas["PruneRequest"];
export type Pruned = Schemas["Pruned"];
export type RepoType = Schemas["RepoType"];
export type Priority = Schemas["Priority"];
export type Transfer = Schemas["Transfer"];
export type Settings = Schemas["Settings"];
export type SettingsChange = Schemas["SettingsChange"];
export type Cluster = Schemas["Cluster"];
