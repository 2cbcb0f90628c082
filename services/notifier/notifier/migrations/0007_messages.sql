-- What messages cost, and what became of them at the phone.

CREATE TABLE sms_spent (
    dossier_id    uuid   NOT NULL,
    key           text   NOT NULL,
    province_code text   NOT NULL,
    day           date   NOT NULL,
    cost          bigint NOT NULL CHECK (cost >= 0),
    PRIMARY KEY (dossier_id, key)
);
COMMENT ON TABLE sms_spent IS
    'What the SMS of a step costs, in đồng, once, whichever gateway takes it; kept before it goes.';

CREATE TABLE sms_day (
    province_code text   NOT NULL,
    day           date   NOT NULL,
    spent         bigint NOT NULL,
    PRIMARY KEY (province_code, day)
) WITH (fillfactor = 50);
COMMENT ON TABLE sms_day IS 'The sum of `sms_spent` of a province and day; its row is their lock.';

CREATE TABLE sms_receipt (
    effect_id  uuid PRIMARY KEY,
    dossier_id uuid NOT NULL,
    kind       text NOT NULL,
    status     text NOT NULL CHECK (status IN ('taken', 'delivered', 'failed', 'unknown')),
    taken_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    ask_at     timestamptz NOT NULL,
    asked      int NOT NULL DEFAULT 0,
    ended_at   timestamptz
) WITH (fillfactor = 70);
CREATE INDEX sms_receipt_open ON sms_receipt (ask_at) WHERE status = 'taken';
COMMENT ON COLUMN sms_receipt.status IS
    'taken by the gateway; then delivered or failed by the network, unknown: it never said.';
