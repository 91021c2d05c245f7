-- After shop.sql: everything attached to it. The extension's schema must be found through the path.
SELECT crm_attach('shop.orders', 'buyer', 'at', 'total', time_zone => 'UTC', as_of => '2025-12-31');
SELECT crm_attach_subscriptions('shop.plans', 'customer', 'started', 'ended', 'mrr');
SELECT crm_attach_costs('shop.marketing', 'month', 'spend', 'channel', customer_channel => 'channel');
SELECT crm_attach_campaigns('shop.mailings', 'who', 'sent', 'variant', 'converted');
SELECT crm_attach_interactions('shop.talks', 'who', 'at', 'way', 'channel');
SELECT crm_attach_referrals('shop.invitations', 'who', 'friend_of');
SELECT crm_attach_products('shop.orders', 'order_id', 'product_id', 'buyer');
