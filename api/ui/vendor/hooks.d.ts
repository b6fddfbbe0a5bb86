// The types are those of the package.
export * from "preact/hooks";
