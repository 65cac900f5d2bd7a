import {parseSql} from '#migrations/sql/tree.ts';
console.log(JSON.stringify(await parseSql('CREATE INDEX '+'x'.repeat(70)+' ON t("'+'é'.repeat(40)+'")')));
import {lint} from '#migrations/lint/lint.ts';
const sql=`-- theseus:ignore ban-drop-column: nobody reads it since v3
ALTER TABLE a DROP COLUMN b;
CREATE INDEX i ON a (b);
ALTER TABLE a ADD CONSTRAINT f FOREIGN KEY (b) REFERENCES c(d), ALTER COLUMN ü TYPE bigint; -- squawk-ignore changing-column-type
-- theseus:ignore no-such, ban-drop-table
CREATE TABLE n (id int); CREATE INDEX ON n(id); SELECT audit.f(1);`;
for (const f of await lint(sql,{file:'a.sql',postgresVersion:14,transaction:'none'})) console.log(f.line+':'+f.column,f.severity,f.rule,f.message,f.lock);
