-- crm_discover on schemas it has never seen: well-known samples, written down from their public
-- documentation (tables and columns that matter, types as published).
BEGIN;
SET LOCAL client_min_messages = error;
SELECT no_plan();

-- The best proposal within a schema, and what happens when it is pasted.
CREATE FUNCTION best(schema text) RETURNS text LANGUAGE sql AS $$
	SELECT call FROM crm_discover() d JOIN pg_class c ON c.oid = d.relation
	WHERE c.relnamespace = schema::regnamespace ORDER BY score DESC LIMIT 1
$$;
CREATE FUNCTION paste(schema text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text;
BEGIN
	EXECUTE best(schema);
	SELECT string_agg(format('%s: %s', customer_id, spend), ', ' ORDER BY customer_id::text) INTO answer FROM crm.customers;
	PERFORM crm_detach();
	RETURN answer;
END
$$;

SELECT is((SELECT count(*) FROM crm_discover()), 0::bigint, 'nothing to propose where nothing is');

-- Northwind (Microsoft): no total; it is in the lines, less a discount
CREATE SCHEMA northwind;
SET LOCAL search_path = northwind, public;
CREATE TABLE customers (customer_id varchar(5) PRIMARY KEY, company_name varchar(40) NOT NULL, contact_name varchar(30), contact_title varchar(30),
	address varchar(60), city varchar(15), region varchar(15), postal_code varchar(10), country varchar(15), phone varchar(24), fax varchar(24));
CREATE TABLE employees (employee_id smallint PRIMARY KEY, last_name varchar(20) NOT NULL, first_name varchar(10) NOT NULL, title varchar(30),
	birth_date date, hire_date date, reports_to smallint REFERENCES employees);
CREATE TABLE products (product_id smallint PRIMARY KEY, product_name varchar(40) NOT NULL, supplier_id smallint, category_id smallint,
	quantity_per_unit varchar(20), unit_price real, units_in_stock smallint, units_on_order smallint, reorder_level smallint, discontinued integer NOT NULL);
CREATE TABLE orders (order_id smallint PRIMARY KEY, customer_id varchar(5) REFERENCES customers, employee_id smallint REFERENCES employees,
	order_date date, required_date date, shipped_date date, ship_via smallint, freight real, ship_name varchar(40), ship_address varchar(60),
	ship_city varchar(15), ship_region varchar(15), ship_postal_code varchar(10), ship_country varchar(15));
CREATE TABLE order_details (order_id smallint NOT NULL REFERENCES orders, product_id smallint NOT NULL REFERENCES products,
	unit_price real NOT NULL, quantity smallint NOT NULL, discount real NOT NULL, PRIMARY KEY (order_id, product_id));
INSERT INTO customers VALUES ('VINET', 'Vins et alcools Chevalier'), ('TOMSP', 'Toms Spezialitaeten');
INSERT INTO orders VALUES (10248, 'VINET', NULL, '1996-07-04', '1996-08-01', '1996-07-16', 3, 32.38), (10249, 'TOMSP', NULL, '1996-07-05', '1996-08-16', '1996-07-10', 1, 11.61);
INSERT INTO products SELECT p, 'p' || p, 1, 1, '', 1, 1, 1, 1, 0 FROM unnest('{11,42,72,14}'::int[]) p;
INSERT INTO order_details VALUES (10248, 11, 14, 12, 0), (10248, 42, 9.8, 10, 0), (10249, 14, 18.6, 9, 0.5);
SELECT is(best('northwind'), $$CREATE VIEW northwind.orders_with_total AS
SELECT o.customer_id, o.order_date, sum(l.unit_price::numeric * l.quantity * (1 - l.discount::numeric)) AS total
FROM northwind.orders AS o LEFT JOIN northwind.order_details AS l ON l.order_id = o.order_id
GROUP BY o.order_id, o.customer_id, o.order_date;
SELECT crm_attach('northwind.orders_with_total', customer_id => 'customer_id', purchased_at => 'order_date', amount => 'total');$$, 'Northwind: orders, the total from order_details');
SELECT is(paste('northwind'), 'TOMSP: 83.70, VINET: 266.00', 'pasted, it works');

-- Pagila / dvdrental: payments, partitioned by month
CREATE SCHEMA pagila;
SET LOCAL search_path = pagila, public;
CREATE TABLE customer (customer_id serial PRIMARY KEY, store_id int NOT NULL, first_name text NOT NULL, last_name text NOT NULL, email text,
	address_id int NOT NULL, activebool boolean DEFAULT true NOT NULL, create_date date DEFAULT CURRENT_DATE NOT NULL, last_update timestamptz DEFAULT now(), active int);
CREATE TABLE staff (staff_id serial PRIMARY KEY, first_name text NOT NULL, last_name text NOT NULL, email text, store_id int, active boolean, username text, last_update timestamptz);
CREATE TABLE rental (rental_id serial PRIMARY KEY, rental_date timestamptz NOT NULL, inventory_id int NOT NULL, customer_id int NOT NULL REFERENCES customer,
	return_date timestamptz, staff_id int NOT NULL REFERENCES staff, last_update timestamptz DEFAULT now() NOT NULL);
CREATE TABLE payment (payment_id serial NOT NULL, customer_id int NOT NULL, staff_id int NOT NULL, rental_id int NOT NULL, amount numeric(5,2) NOT NULL,
	payment_date timestamptz NOT NULL, PRIMARY KEY (payment_date, payment_id)) PARTITION BY RANGE (payment_date);
CREATE TABLE payment_p2022_01 PARTITION OF payment FOR VALUES FROM ('2022-01-01') TO ('2022-02-01');
INSERT INTO payment VALUES (1, 269, 1, 98, 0.99, '2022-01-24 21:40+00'), (2, 269, 2, 678, 6.99, '2022-01-28 21:58+00'), (3, 270, 1, 193, 1.99, '2022-01-26 05:10+00');
SELECT is(best('pagila'), $$SELECT crm_attach('pagila.payment', customer_id => 'customer_id', purchased_at => 'payment_date', amount => 'amount');$$, 'Pagila: payment');
SELECT is(paste('pagila'), '269: 7.98, 270: 1.99', 'pasted, it works');
SELECT is((SELECT count(*) FROM crm_discover() WHERE relation = 'pagila.payment_p2022_01'::regclass), 0::bigint, 'its partitions are not proposed');
SELECT is((SELECT count(*) FROM crm_discover() WHERE relation IN ('pagila.customer'::regclass, 'northwind.customers'::regclass)), 0::bigint, 'nor tables of customers');

-- Chinook: mixed case
CREATE SCHEMA chinook;
SET LOCAL search_path = chinook, public;
CREATE TABLE "Customer" ("CustomerId" int PRIMARY KEY, "FirstName" varchar(40) NOT NULL, "LastName" varchar(20) NOT NULL, "Company" varchar(80), "Email" varchar(60) NOT NULL, "SupportRepId" int);
CREATE TABLE "Invoice" ("InvoiceId" int PRIMARY KEY, "CustomerId" int NOT NULL REFERENCES "Customer", "InvoiceDate" timestamp NOT NULL, "BillingAddress" varchar(70),
	"BillingCity" varchar(40), "BillingState" varchar(40), "BillingCountry" varchar(40), "BillingPostalCode" varchar(10), "Total" numeric(10,2) NOT NULL);
CREATE TABLE "InvoiceLine" ("InvoiceLineId" int PRIMARY KEY, "InvoiceId" int NOT NULL REFERENCES "Invoice", "TrackId" int NOT NULL, "UnitPrice" numeric(10,2) NOT NULL, "Quantity" int NOT NULL);
INSERT INTO "Customer" VALUES (2, 'Leonie', 'Koehler', NULL, 'leonekohler@surfeu.de'), (4, 'Bjorn', 'Hansen', NULL, 'bjorn.hansen@yahoo.no');
INSERT INTO "Invoice" VALUES (1, 2, '2009-01-01', NULL, NULL, NULL, NULL, NULL, 1.98), (2, 4, '2009-01-02', NULL, NULL, NULL, NULL, NULL, 3.96);
SELECT is(best('chinook'), $$SELECT crm_attach('chinook."Invoice"', customer_id => 'CustomerId', purchased_at => 'InvoiceDate', amount => 'Total');$$, 'Chinook: Invoice');
SELECT is(paste('chinook'), '2: 1.98, 4: 3.96', 'pasted, it works');

-- AdventureWorks: several dates, several sums
CREATE SCHEMA sales;
SET LOCAL search_path = sales, public;
CREATE TABLE customer (customerid int PRIMARY KEY, personid int, storeid int, territoryid int, rowguid uuid, modifieddate timestamp);
CREATE TABLE salesorderheader (salesorderid int PRIMARY KEY, revisionnumber smallint, orderdate timestamp NOT NULL, duedate timestamp NOT NULL, shipdate timestamp,
	status smallint, onlineorderflag boolean, purchaseordernumber varchar(25), accountnumber varchar(15), customerid int NOT NULL REFERENCES customer, salespersonid int,
	territoryid int, billtoaddressid int NOT NULL, shiptoaddressid int NOT NULL, shipmethodid int NOT NULL, creditcardid int, creditcardapprovalcode varchar(15),
	currencyrateid int, subtotal numeric NOT NULL, taxamt numeric NOT NULL, freight numeric NOT NULL, totaldue numeric, comment varchar(128), rowguid uuid, modifieddate timestamp);
CREATE TABLE salesorderdetail (salesorderid int NOT NULL REFERENCES salesorderheader, salesorderdetailid int, carriertrackingnumber varchar(25), orderqty smallint NOT NULL,
	productid int NOT NULL, specialofferid int NOT NULL, unitprice numeric NOT NULL, unitpricediscount numeric NOT NULL, rowguid uuid, modifieddate timestamp);
SELECT is(best('sales'), $$SELECT crm_attach('sales.salesorderheader', customer_id => 'customerid', purchased_at => 'orderdate', amount => 'totaldue');$$, 'AdventureWorks: salesorderheader');

-- Magento: order header among many sums in two currencies
CREATE SCHEMA magento;
SET LOCAL search_path = magento, public;
CREATE TABLE customer_entity (entity_id int PRIMARY KEY, website_id smallint, email varchar(255), created_at timestamp, updated_at timestamp);
CREATE TABLE sales_order (entity_id int PRIMARY KEY, state varchar(32), status varchar(32), store_id smallint, customer_id int REFERENCES customer_entity,
	base_discount_amount numeric(20,4), base_grand_total numeric(20,4), base_shipping_amount numeric(20,4), base_subtotal numeric(20,4), base_tax_amount numeric(20,4),
	discount_amount numeric(20,4), grand_total numeric(20,4), shipping_amount numeric(20,4), subtotal numeric(20,4), tax_amount numeric(20,4), total_paid numeric(20,4),
	total_qty_ordered numeric(12,4), customer_is_guest smallint, billing_address_id int, customer_group_id int, weight numeric(12,4), customer_dob timestamp,
	increment_id varchar(50), customer_email varchar(128), created_at timestamp, updated_at timestamp, total_item_count smallint);
CREATE TABLE sales_order_item (item_id int PRIMARY KEY, order_id int REFERENCES sales_order, product_id int, created_at timestamp, qty_ordered numeric(12,4), price numeric(12,4), row_total numeric(20,4));
CREATE TABLE quote (entity_id int PRIMARY KEY, customer_id int, created_at timestamp, grand_total numeric(20,4));
SELECT is(best('magento'), $$SELECT crm_attach('magento.sales_order', customer_id => 'customer_id', purchased_at => 'created_at', amount => 'grand_total');$$, 'Magento: sales_order');

-- WooCommerce's order statistics
CREATE SCHEMA woocommerce;
SET LOCAL search_path = woocommerce, public;
CREATE TABLE wp_wc_customer_lookup (customer_id bigint PRIMARY KEY, user_id bigint UNIQUE, username varchar(60), email varchar(100), date_last_active timestamp, date_registered timestamp);
CREATE TABLE wp_wc_order_stats (order_id bigint PRIMARY KEY, parent_id bigint, date_created timestamp, date_created_gmt timestamp, date_paid timestamp, date_completed timestamp,
	num_items_sold int, total_sales double precision, tax_total double precision, shipping_total double precision, net_total double precision, returning_customer boolean,
	status varchar(200), customer_id bigint);
CREATE TABLE wp_wc_order_product_lookup (order_item_id bigint PRIMARY KEY, order_id bigint, product_id bigint, customer_id bigint, date_created timestamp, product_qty int,
	product_net_revenue double precision, coupon_amount double precision, tax_amount double precision, shipping_amount double precision);
SELECT is(best('woocommerce'), $$SELECT crm_attach('woocommerce.wp_wc_order_stats', customer_id => 'customer_id', purchased_at => 'date_created', amount => 'total_sales');$$, 'WooCommerce: wp_wc_order_stats');

-- What it proposes at all, and whom it tells
SET LOCAL search_path = public;
SELECT ok((SELECT bool_and(score BETWEEN 0 AND 100) AND count(*) = count(DISTINCT relation) FROM crm_discover()), 'scores are 0 to 100, one row a relation');
CREATE ROLE crm_discover_stranger;
SET LOCAL ROLE crm_discover_stranger;
SELECT is((SELECT count(*) FROM crm_discover()), 0::bigint, 'only what its caller may read');
RESET ROLE;
CREATE SCHEMA crm;
SELECT alike(best('chinook'), '%, workspace => ''crm_Invoice'');', 'where there is a crm already, another name');

SELECT * FROM finish();
ROLLBACK;
