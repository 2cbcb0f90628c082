-- Officers look for a dossier by the last signs of its code, among their unit's.
CREATE INDEX dossier_case_code_end ON dossier_case (unit_code, reverse(code) text_pattern_ops)
    WHERE code <> '';
