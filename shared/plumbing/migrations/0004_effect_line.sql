-- What may be claimed is looked for by neighbour, turn and lane, one after the other.
CREATE INDEX effect_line ON effect (split_part(kind, ':', 1), turn, lane, due_at)
    WHERE state IN ('PENDING', 'IN_FLIGHT', 'IN_DOUBT');

-- What waits for people is listed page by page, the oldest first.
CREATE INDEX effect_by_hand ON effect (coalesce(ended_at, created_at)) WHERE state = 'MANUAL';
CREATE INDEX effect_in_doubt ON effect (coalesce(doubt_since, created_at))
    WHERE state IN ('IN_DOUBT', 'IN_FLIGHT') AND in_doubt;
