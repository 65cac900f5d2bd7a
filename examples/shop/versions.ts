/** What the two versions of the shop's application say to the database. Explicit columns, as applications should. */
export interface ShopQueries {
  readCustomer: string;
  renameCustomer: string;
  addCustomer: string;
  readOrders: string;
  changeAmount: string;
  addOrder: string;
  addItem: string;
  readItems: string;
  /** A customer's name as this version stores it: the values for renameCustomer and addCustomer. */
  nameValues: (first: string, last: string) => string[];
}

/** Before the migration: one name column, integer amounts, a table called items. */
export const oldVersion: ShopQueries = {
  readCustomer: 'SELECT id, name, email FROM customers WHERE id = $1',
  renameCustomer: 'UPDATE customers SET name = $2 WHERE id = $1',
  addCustomer: 'INSERT INTO customers (email, name) VALUES ($1, $2) RETURNING id',
  readOrders: 'SELECT id, amount, note FROM orders WHERE customer_id = $1 ORDER BY id DESC LIMIT 10',
  changeAmount: 'UPDATE orders SET amount = $2 WHERE id = $1',
  addOrder: 'INSERT INTO orders (customer_id, amount) VALUES ($1, $2) RETURNING id',
  addItem: 'INSERT INTO items (order_id, sku, quantity) VALUES ($1, $2, $3)',
  readItems: 'SELECT id, sku, quantity FROM items WHERE order_id = $1 LIMIT 20',
  nameValues: (first, last) => [`${first} ${last}`],
};

/** After it: two name columns, 64-bit amounts, a status on orders, a table called order_items. */
export const newVersion: ShopQueries = {
  readCustomer: 'SELECT id, first_name, last_name, email FROM customers WHERE id = $1',
  renameCustomer: 'UPDATE customers SET first_name = $2, last_name = $3 WHERE id = $1',
  addCustomer: 'INSERT INTO customers (email, first_name, last_name) VALUES ($1, $2, $3) RETURNING id',
  readOrders: 'SELECT id, amount, note, status FROM orders WHERE customer_id = $1 ORDER BY id DESC LIMIT 10',
  changeAmount: 'UPDATE orders SET amount = $2 WHERE id = $1',
  addOrder: "INSERT INTO orders (customer_id, amount, status) VALUES ($1, $2, 'open') RETURNING id",
  addItem: 'INSERT INTO order_items (order_id, sku, quantity) VALUES ($1, $2, $3)',
  readItems: 'SELECT id, sku, quantity FROM order_items WHERE order_id = $1 LIMIT 20',
  nameValues: (first, last) => [first, last],
};
