-- Runs once, on an empty volume. Three databases that share nothing: the demo CRM, the state of the observer, Marquez.
\set crm_owner `cat /run/secrets/crm_owner_password`
\set crm_reader `cat /run/secrets/crm_reader_password`
\set state `cat /run/secrets/state_password`
\set marquez `cat /run/secrets/marquez_password`

CREATE ROLE crm_owner LOGIN PASSWORD :'crm_owner';
CREATE ROLE observer LOGIN PASSWORD :'state';
CREATE ROLE marquez LOGIN PASSWORD :'marquez';
CREATE ROLE crm_reader LOGIN PASSWORD :'crm_reader' CONNECTION LIMIT 20;
-- The observer's own sessions are read-only too; this is the second lock on the same door.
ALTER ROLE crm_reader SET default_transaction_read_only = on;

CREATE DATABASE crm OWNER crm_owner;
CREATE DATABASE observer OWNER observer;
CREATE DATABASE marquez OWNER marquez;
REVOKE CONNECT ON DATABASE crm, observer, marquez FROM PUBLIC;
GRANT CONNECT ON DATABASE crm TO crm_reader;

\connect crm
GRANT USAGE ON SCHEMA public TO crm_reader;
GRANT CREATE, USAGE ON SCHEMA public TO crm_owner;
ALTER DEFAULT PRIVILEGES FOR ROLE crm_owner IN SCHEMA public GRANT SELECT ON TABLES TO crm_reader;
