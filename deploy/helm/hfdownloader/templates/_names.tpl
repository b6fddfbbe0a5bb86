{{/* Names and labels. Each takes the root; those with a component take (dict "root" . "component" "api"). */}}

{{- define "hfdownloader.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{/* 40 characters: a StatefulSet's pods carry the name, a suffix and a hash in a label of 63. */}}
{{- define "hfdownloader.fullname" -}}
{{- $name := include "hfdownloader.name" . -}}
{{- $full := contains $name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name $name) -}}
{{- .Values.fullnameOverride | default $full | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- define "hfdownloader.componentName" -}}
{{ include "hfdownloader.fullname" .root }}-{{ .component }}
{{- end -}}

{{- define "hfdownloader.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
app.kubernetes.io/part-of: {{ include "hfdownloader.name" .root }}
{{ include "hfdownloader.selector" . }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "hfdownloader.selector" -}}
app.kubernetes.io/name: {{ include "hfdownloader.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{/* Without the chart's version, which would start pods anew with each of its own. "more" may be given. */}}
{{- define "hfdownloader.podLabels" -}}
{{ include "hfdownloader.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
{{- with merge (dict) (.more | default dict) .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Without any version: a new one of ours is no reason to start Redis or RabbitMQ anew. */}}
{{- define "hfdownloader.trialLabels" -}}
{{ include "hfdownloader.selector" . }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* The head of an object; "suffix" and "annotations" may be given. */}}
{{- define "hfdownloader.metadata" -}}
name: {{ include "hfdownloader.componentName" . }}{{ .suffix }}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- include "hfdownloader.labels" . | nindent 2 }}
{{- with .annotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* Takes (dict "root" . "image" <repository, tag, digest> "own" true), own for images below image.registry. */}}
{{- define "hfdownloader.image" -}}
{{- with .root.Values.image.registry }}{{ if $.own }}{{ trimSuffix "/" . }}/{{ end }}{{ end -}}
{{- .image.repository -}}
{{- if .image.digest -}}@{{ .image.digest }}{{- else -}}:{{ .image.tag | default .root.Chart.AppVersion }}{{- end -}}
{{- end -}}

{{- define "hfdownloader.serviceAccountName" -}}
{{- $made := .Values.serviceAccount.create | ternary (include "hfdownloader.fullname" .) "default" -}}
{{- .Values.serviceAccount.name | default $made -}}
{{- end -}}

{{- define "hfdownloader.claimName" -}}
{{- .Values.cache.existingClaim | default (printf "%s-cache" (include "hfdownloader.fullname" .)) -}}
{{- end -}}

{{/* Takes a storage class as in the values: nothing for the default one, "-" for none. */}}
{{- define "hfdownloader.storageClass" -}}
{{- if eq . "-" -}}
storageClassName: ""
{{- else if . -}}
storageClassName: {{ . }}
{{- end -}}
{{- end -}}

{{/* The port of a URL, or the given one. Takes (dict "url" … "default" 6379). Go's parser refuses lists of hosts. */}}
{{- define "hfdownloader.ports" -}}
{{- $authority := regexReplaceAll "^[^/]*//([^/?]*).*$" .url "${1}" -}}
{{- $ports := list -}}
{{- range splitList "," $authority -}}
{{- $ports = append $ports (regexFind ":[0-9]+$" . | trimPrefix ":" | default (toString $.default)) -}}
{{- end -}}
{{- $ports | uniq | join " " -}}
{{- end -}}
