CREATE TABLE walks (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    route_id uuid REFERENCES routes (id) ON DELETE SET NULL,
    started_at timestamptz NOT NULL,
    ended_at timestamptz,
    duration interval GENERATED ALWAYS AS (ended_at - started_at) STORED,
    highlights jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(highlights) = 'array'),
    CONSTRAINT walks_end_after_start CHECK (ended_at > started_at)
);

-- Nobody is on two walks at once.
CREATE UNIQUE INDEX walks_one_open_per_user ON walks (user_id) WHERE ended_at IS NULL;
CREATE INDEX walks_by_user ON walks (user_id, started_at DESC);

CREATE VIEW route_popularity AS
SELECT route_id, count(*) AS walks, count(DISTINCT user_id) AS walkers
FROM walks
WHERE route_id IS NOT NULL AND ended_at IS NOT NULL
GROUP BY route_id;
