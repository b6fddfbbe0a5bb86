{{/* What Redis and RabbitMQ have in common. */}}

{{/* The secret of a trial service, or of an external one whose credentials are in the values. Takes root and component. */}}
{{- define "hfdownloader.serviceSecret" -}}
{{- include "hfdownloader.generate" .root -}}
{{- $values := get .root.Values .component -}}
{{- $external := $values.external -}}
{{- $trial := $values.trial -}}
{{- if or $trial.enabled $external.user $external.password $external.sentinelPassword }}
apiVersion: v1
kind: Secret
metadata:
  {{- /* The volume goes on with the password that it began with. */}}
  {{- $keep := and $trial.enabled $trial.persistence.enabled | ternary (dict "helm.sh/resource-policy" "keep") dict }}
  {{- include "hfdownloader.metadata" (merge (dict "annotations" $keep) .) | nindent 2 }}
type: Opaque
data:
  {{- if $trial.enabled }}
  password: {{ $trial.password | b64enc }}
  {{- if eq .component "rabbitmq" }}
  username: {{ "hfd" | b64enc }}
  # What the node makes its first user from.
  70-user.conf: {{ printf "default_user = hfd\ndefault_pass = %s\n" $trial.password | b64enc }}
  {{- end }}
  {{- else }}
  {{- range $part, $key := include "hfdownloader.credentialKeys" .root | fromJson }}
  {{- with get $external $part }}
  {{ $key }}: {{ . | b64enc }}
  {{- end }}
  {{- end }}
  {{- end }}
{{- end }}
{{- end -}}

{{/* The claim template of a trial service. Takes its persistence values. */}}
{{- define "hfdownloader.trialVolume" -}}
volumeClaimTemplates:
  - apiVersion: v1
    kind: PersistentVolumeClaim
    metadata:
      name: data
    spec:
      accessModes: [ReadWriteOnce]
      {{- with include "hfdownloader.storageClass" .storageClass }}
      {{- . | nindent 6 }}
      {{- end }}
      resources:
        requests:
          storage: {{ .size }}
{{- end -}}

{{- define "hfdownloader.pullSecrets" -}}
{{- with .Values.image.pullSecrets -}}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end -}}

{{/* Only api and worker may reach a trial service; KEDA may reach the management API. Takes root, component and ports. */}}
{{- define "hfdownloader.servicePolicy" -}}
{{- $root := .root -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  {{- include "hfdownloader.metadata" . | nindent 2 }}
spec:
  podSelector:
    matchLabels:
      {{- include "hfdownloader.selector" . | nindent 6 }}
  policyTypes: [Ingress, Egress]
  ingress:
    - from:
        {{- range list "api" "worker" }}
        - podSelector:
            matchLabels:
              {{- include "hfdownloader.selector" (dict "root" $root "component" .) | nindent 14 }}
        {{- end }}
      ports:
        - {protocol: TCP, port: {{ .port }}}
    {{- if and (eq .component "rabbitmq") $root.Values.worker.autoscaling.enabled }}
    - from:
        # KEDA's operator, wherever it was installed
        - namespaceSelector: {}
          podSelector:
            matchLabels: {app.kubernetes.io/name: keda-operator}
      ports:
        - {protocol: TCP, port: management}
    {{- end }}
{{- end -}}
