--
-- top_share: what a user sees
--
SELECT top_share(spend), top_share(spend, 0.5), top_share(spend, 1) FROM (VALUES (80), (5), (5), (5), (5), (NULL)) v(spend);
SELECT top_share(spend) FROM (VALUES (1), (-1)) v(spend);
SELECT top_share(spend, 20) FROM (VALUES (1), (-1)) v(spend);
SELECT top_share(spend, -1) FROM (VALUES (1), (-1)) v(spend);
SELECT top_share('NaN');
