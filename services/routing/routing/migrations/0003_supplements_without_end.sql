-- A supplement asked for before there was a time for it would be waited for without end. When it
-- was asked is not known: 60 days from today, so that nobody is late by this alone. The moment is
-- the end of that day's working hours.
WITH asked AS (
    SELECT dossier_id,
        (date_trunc('day', now() AT TIME ZONE INTERVAL '+07:00') + INTERVAL '60 days 17 hours')
            AT TIME ZONE INTERVAL '+07:00' AS due_at
    FROM dossier_case WHERE status = 'supplement' AND supplement_due_at IS NULL
), told AS (
    SELECT dossier_id, due_at, to_char(due_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
        AS due_text FROM asked
)
UPDATE dossier_case c SET
    supplement_due_at = told.due_at,
    rest = c.rest || jsonb_build_object('supplement_due', jsonb_build_object(
        'due_at', due_text,
        'due_on', to_char(told.due_at AT TIME ZONE INTERVAL '+07:00', 'YYYY-MM-DD'),
        'value', 60,
        'unit', 'day',
        'source', 'mặc định khi nâng cấp hệ thống',
        'calendar_version', '0',
        'steps', jsonb_build_array(jsonb_build_object(
            'kind', 'due',
            'from_at', due_text,
            'to_at', due_text,
            'note_vi', 'Hồ sơ được yêu cầu bổ sung trước khi hệ thống có hạn bổ sung: 60 ngày kể'
                ' từ ngày nâng cấp',
            'note_en', 'The supplement was asked for before a time was set: 60 days from the'
                ' upgrade',
            'source', 'mặc định khi nâng cấp hệ thống',
            'assumed', true))))
FROM told WHERE c.dossier_id = told.dossier_id;
