DROP TABLE audit_events;
DROP TYPE audit_action;
