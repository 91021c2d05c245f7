-- \ir include/cdnow.sql: the CDNOW purchases as a temporary table cdnow, and :have_cdnow.
SELECT :'crm_data' <> '' AS have_cdnow, :'crm_data' || '/cdnow.csv' AS cdnow_file \gset
CREATE TEMPORARY TABLE cdnow (customer_id int, date date, amount numeric, units int);
\if :have_cdnow
COPY cdnow FROM :'cdnow_file' (FORMAT csv, HEADER true);
\endif
ANALYZE cdnow;
