/** An example to start from: routes by severity and tier, one incident a flow, a watchdog. */
export const alertmanagerExample = `# An Alertmanager configuration to start from: put your keys and addresses in, keep what is said about why.
# Alertmanager 0.25 or later; check with: amtool check-config alertmanager.example.yaml
templates:
  - tidemark.tmpl

route:
  receiver: tickets
  # One incident a flow: whatever pages for it joins the same one, and it resolves when all of it is well again.
  # Where several environments share this Alertmanager, add the label that tells them apart.
  group_by: [flow]
  group_wait: 10s
  group_interval: 1m
  repeat_interval: 4h
  routes:
    - receiver: watchdog
      matchers: ['alertname="TidemarkWatchdog"']
      group_wait: 0s
      # Every minute: at the first group_interval at which repeat_interval is over. Equal ones would make it two.
      group_interval: 30s
      repeat_interval: 50s
    # Tiers of your flows, the most important first.
    - receiver: pagerduty-gold
      matchers: ['severity="page"', 'tier="gold"']
    - receiver: pagerduty
      matchers: ['severity="page"']
    - receiver: tickets
      matchers: ['severity="ticket"']

# No inhibit_rules: an alert that is muted after it was sent never sends its resolution, and its incident stays open
# for ever. What is worse joins the incident of its flow instead.

receivers:
${pagerDutyReceiver('pagerduty-gold', 'critical', [
  'The whole path: another one is looked for where Alertmanager was started, and no check tells.',
])}
${pagerDutyReceiver('pagerduty', 'error')}
  - name: tickets
    webhook_configs:
      - url: http://tickets.example/alertmanager
        send_resolved: true
  - name: watchdog
    # A service outside of all this, which pages when it hears nothing for some minutes.
    webhook_configs:
      - url: http://heartbeats.example/tidemark
        send_resolved: false
`

/** What PagerDuty shows: everything that fires for the flow, and where to begin. */
export const pagerDutyTemplate = `{{ define "tidemark.summary" -}}
{{ range $index, $alert := .Alerts.Firing }}{{ if $index }}; {{ end }}{{ $alert.Annotations.summary }}{{ end -}}
{{ if not .Alerts.Firing }}{{ with .GroupLabels.flow }}{{ . }}: {{ end }}resolved{{ end -}}
{{ end }}

{{ define "tidemark.alerts" -}}
{{ range $index, $alert := .Alerts.Firing }}{{ if $index }}, {{ end }}{{ $alert.Labels.alertname }}{{ end -}}
{{ end }}

{{ define "tidemark.description" -}}
{{ range .Alerts.Firing }}{{ .Annotations.description }}
{{ end -}}
{{ end }}

{{ define "tidemark.runbook" -}}
{{ range $index, $alert := .Alerts.Firing }}{{ if $index }}
{{ end }}{{ $alert.Annotations.runbook_url }}{{ end -}}
{{ end }}

{{ define "tidemark.dashboard" -}}
{{ with .Alerts.Firing }}{{ (index . 0).Annotations.dashboard_url }}{{ end -}}
{{ end }}
`

function pagerDutyReceiver(name: string, severity: string, comments: readonly string[] = []): string {
  return `  - name: ${name}
    pagerduty_configs:
${comments.map(comment => `      # ${comment}\n`).join('')}      - routing_key_file: /etc/alertmanager/${name}.key
        send_resolved: true
        severity: ${severity}
        description: '{{ template "tidemark.summary" . }}'
        class: '{{ template "tidemark.alerts" . }}'
        component: '{{ .GroupLabels.flow }}'
        group: '{{ .CommonLabels.tier }}'
        client: Tidemark
        client_url: '{{ template "tidemark.dashboard" . }}'
        details:
          what: '{{ template "tidemark.description" . }}'
          runbook: '{{ template "tidemark.runbook" . }}'`
}
