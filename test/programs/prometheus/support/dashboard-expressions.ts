export interface DashboardExpression {
  readonly title: string;
  readonly expression: string;
}

interface Panel {
  readonly title: string;
  readonly targets?: readonly { readonly expr: string }[];
}

/** What the panels of a Grafana dashboard ask, with what Grafana puts in the place of its variables when all is chosen. */
export function dashboardExpressions(json: string): DashboardExpression[] {
  const { panels, annotations } = JSON.parse(json) as {
    panels: readonly Panel[];
    annotations: { list: readonly { name: string; expr: string }[] };
  };
  const asked = [
    ...panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr }))),
    ...annotations.list.map(({ name, expr }) => ({ title: name, expr })),
  ];
  return asked.map(({ title, expr }) => ({
    title,
    // Traffic that has ended some seconds ago is still in it.
    expression: expr.replaceAll('$__rate_interval', '1m').replaceAll(/\$(connection|topic)\b/g, '.*'),
  }));
}
