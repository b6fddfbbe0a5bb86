{{/* The rules for what leaves api and worker. */}}
{{- define "hfdownloader.egress" -}}
{{- $policy := .Values.networkPolicy -}}
# DNS
- ports:
    - {protocol: UDP, port: 53}
    - {protocol: TCP, port: 53}
{{- range $service, $port := dict "redis" 6379 "rabbitmq" 5672 }}
{{- $values := get $.Values $service }}
# {{ $service }}
{{- if $values.trial.enabled }}
- to:
    - podSelector:
        matchLabels:
          {{- include "hfdownloader.selector" (dict "root" $ "component" $service) | nindent 10 }}
  ports:
    - {protocol: TCP, port: {{ $port }}}
{{- else }}
{{- $default := hasPrefix "amqps" $values.external.url | ternary 5671 $port }}
{{- if contains "+sentinel" $values.external.url }}{{ $default = 26379 }}{{ end }}
- ports:
    {{- range splitList " " (include "hfdownloader.ports" (dict "url" $values.external.url "default" $default)) }}
    - {protocol: TCP, port: {{ . }}}
    {{- end }}
    {{- if and (contains "+sentinel" $values.external.url) (not $values.external.extraPorts) }}
    # Where the master usually is
    - {protocol: TCP, port: 6379}
    {{- end }}
    {{- range $values.external.extraPorts }}
    - {protocol: TCP, port: {{ . }}}
    {{- end }}
{{- end }}
{{- end }}
# The Hub, and the receivers of callbacks
- ports:
    {{- $hub := .Values.config.endpoint | default "https://huggingface.co" }}
    {{- $own := include "hfdownloader.ports" (dict "url" $hub "default" (hasPrefix "http:" $hub | ternary 80 443)) }}
    {{- range list "443" $own | uniq }}
    - {protocol: TCP, port: {{ . }}}
    {{- end }}
  {{- with $policy.hubTo }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- with .Values.tracing.endpoint }}
# Traces
- ports:
    - {protocol: TCP, port: {{ include "hfdownloader.ports" (dict "url" . "default" (hasPrefix "http:" . | ternary 80 443)) }}}
{{- end }}
{{- with $policy.extraEgress }}
{{ toYaml . }}
{{- end }}
{{- end -}}
