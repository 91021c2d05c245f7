--
-- lifecycle_stage: what a user sees
--
SELECT d::date AS as_of, lifecycle_stage('2024-01-10:20, 2024-02-10:30, 2024-03-10:15, 2024-04-10:25', d::date)
FROM unnest(ARRAY[date '2024-01-09', '2024-01-31', '2024-02-29', '2024-04-30', '2024-06-30', '2024-12-31', '2025-06-30']) d;
SELECT lifecycle_stage(h, '2024-12-31') FROM (VALUES (NULL::purchase_history), (''), ('2024-12-01'), ('2024-01-01, 2024-12-01')) v(h);
SELECT lifecycle_stage('2024-01-01', '2024-03-01', '2024-02-01', 3, 30.5, '2024-04-15'),
	lifecycle_stage('2024-01-01', '2024-03-01', '2024-02-01', 3, 30.5, '2024-04-15', lifecycle_rules(at_risk_factor => 1));
SELECT lifecycle_rules(), (lifecycle_rules(lost_after => 730)).lost_after;
SELECT 'at_risk'::customer_stage > 'loyal';

-- wrong calls
SELECT lifecycle_rules(dormant_after => 400);
SELECT lifecycle_rules(0);
SELECT lifecycle_rules(typical_gap => 'NaN');
SELECT lifecycle_stage('2024-01-01', '2024-03-01', NULL, 1, NULL, '2024-02-15');
SELECT lifecycle_stage('2024-03-01', '2024-03-01', NULL, -1, NULL, '2024-03-15');
SELECT lifecycle_stage(''::purchase_history, '2024-03-15', (180, 180, 2, 60, 4, 30, 30));
SELECT lifecycle_stage(''::purchase_history, '2024-03-15', (180, 365, 2, NULL, 4, 30, 30));
SELECT lifecycle_stage(''::purchase_history, 'infinity');
