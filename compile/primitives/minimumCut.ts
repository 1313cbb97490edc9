// Minimum cut of a network by maximum flow (Dinic 1970): enough for the few hundred nodes of a scan's body.

export interface Edge {
  readonly from: number;
  readonly to: number;
  readonly capacity: number;
}

/** For each node, whether it lies on the sink's side of the minimum cut nearest to the sink. */
export function minimumCut(nodes: number, source: number, sink: number, edges: readonly Edge[]): boolean[] {
  // Edge 2i and its reverse 2i+1; `room[e]` is what may still flow.
  const heads: number[] = [];
  const room: number[] = [];
  const leaving: number[][] = Array.from({ length: nodes }, () => []);
  for (const { from, to, capacity } of edges) {
    leaving[from]!.push(heads.length);
    heads.push(to);
    room.push(capacity);
    leaving[to]!.push(heads.length);
    heads.push(from);
    room.push(0);
  }

  const level = new Int32Array(nodes);
  const layer = (): boolean => {
    level.fill(-1);
    level[source] = 0;
    const queue = [source];
    for (const node of queue) {
      for (const e of leaving[node]!) {
        const next = heads[e]!;
        if (room[e]! > 0 && level[next]! < 0) {
          level[next] = level[node]! + 1;
          queue.push(next);
        }
      }
    }
    return level[sink]! >= 0;
  };

  const cursor = new Int32Array(nodes);
  const push = (node: number, flow: number): number => {
    if (node === sink) return flow;
    const out = leaving[node]!;
    for (; cursor[node]! < out.length; cursor[node]!++) {
      const e = out[cursor[node]!]!;
      const next = heads[e]!;
      if (room[e]! <= 0 || level[next] !== level[node]! + 1) continue;
      const sent = push(next, Math.min(flow, room[e]!));
      if (sent > 0) {
        room[e]! -= sent;
        room[e ^ 1]! += sent;
        return sent;
      }
    }
    return 0;
  };
  while (layer()) {
    cursor.fill(0);
    for (let sent = push(source, Infinity); sent > 0; sent = push(source, Infinity)) {
      if (sent === Infinity) throw new Error("internal: a residual has no finite cost; please report this.");
    }
  }

  const reaches = new Array<boolean>(nodes).fill(false);
  reaches[sink] = true;
  const queue = [sink];
  for (const node of queue) {
    // An edge into `node` that still has room is the reverse of one that leaves it.
    for (const e of leaving[node]!) {
      const before = heads[e]!;
      if (room[e ^ 1]! > 0 && !reaches[before]) {
        reaches[before] = true;
        queue.push(before);
      }
    }
  }
  return reaches;
}
