-- More indexes for pages of a city that has grown (0062): the number stands second, so that a walk is in the page's order.
CREATE INDEX import_by_room ON import (room_id, id);
DROP INDEX query_by_room;
CREATE INDEX query_by_room ON query (room_id, id);
CREATE INDEX entry_by_provider ON entry (provider_id, id);
DROP INDEX resource_by_party;
CREATE INDEX resource_by_party ON resource (party_id, id);
CREATE INDEX resource_overdue ON resource (id) WHERE overdue_since IS NOT NULL;
DROP INDEX authorisation_by_entry;
CREATE INDEX authorisation_by_entry ON authorisation (entry_id, id);
CREATE INDEX authorisation_by_provider ON authorisation (provider_id, id);
CREATE INDEX party_by_role ON party (role, id);
DROP INDEX admission_by_developer;
CREATE INDEX admission_by_developer ON admission (developer_id, id);
CREATE INDEX admission_by_operator ON admission (operator_id, id);
CREATE INDEX admission_late ON admission (id) WHERE late_since IS NOT NULL;
CREATE INDEX notice_by_kind ON notice (kind, id);
CREATE INDEX notice_by_end ON notice (until_at);
CREATE INDEX notice_endless ON notice (id) WHERE until_at IS NULL;
