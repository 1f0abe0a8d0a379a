#include "sql/text_generator.h"

namespace millrace::sql {

std::string TextGenerator::query(int depth) {
  std::string text;
  if (depth > 0 && chance(10)) {
    text += "WITH " + maybe(30, "RECURSIVE ") + "r" + maybe(40, " (a, b)") + " AS " +
            pick({"", "MATERIALIZED ", "NOT MATERIALIZED "}) + "(" + query(depth - 1) + ") ";
  }
  const uint32_t kind = depth <= 0 ? 0 : below(10);
  if (kind < 6) {
    text += select(depth);
  } else if (kind < 8) {
    text += list(
        2, 4, [&] { return chance(60) ? select(depth - 1) : "(" + query(depth - 1) + ")"; },
        pick({" UNION ", " UNION ALL ", " INTERSECT ", " EXCEPT ALL "}));
  } else if (kind == 8) {
    text += "VALUES (1, " + expression(depth - 1) + "), ROW(2)";
  } else {
    text += chance(50) ? "TABLE t" : "(" + query(depth - 1) + ")";
  }
  text += maybe(20, order_by(depth));
  text += pick({"", "", "", " LIMIT 5", " LIMIT a + 1 OFFSET 2", " OFFSET 3 ROWS", " LIMIT ALL",
                " FETCH FIRST ROW ONLY", " FETCH NEXT 3 ROWS WITH TIES"});
  return text;
}

std::string TextGenerator::select(int depth) {
  std::string text = "SELECT " + pick({"", "", "DISTINCT ", "ALL ", "DISTINCT ON (a, b) "});
  text += list(1, 3, [&] {
    if (chance(15)) return std::string(chance(50) ? "*" : name() + ".*");
    return expression(depth - 1) + maybe(40, " AS " + name());
  });
  text += maybe(80, " FROM " + list(1, 2, [&] { return joins(depth); }));
  text += maybe(40, " WHERE " + expression(depth - 1));
  text += maybe(30, " GROUP BY " + list(1, 3, [&] { return grouping(depth); }));
  text += maybe(20, " HAVING " + expression(depth - 1));
  text += maybe(15, " WINDOW w AS " + window_spec(depth - 1));
  text += maybe(15, " QUALIFY " + expression(depth - 1));
  text += maybe(10, emit(depth));
  return text;
}

std::string TextGenerator::grouping(int depth) {
  const auto inner = [&] { return list(1, 3, [&] { return grouping(depth - 1); }); };
  switch (depth <= 0 ? 0 : below(6)) {
    case 1:
      return "ROLLUP (" + inner() + ")";
    case 2:
      return "CUBE(" + inner() + ")";
    case 3:
      return "GROUPING SETS (" + inner() + ", ())";
    case 4:
      return "(" + expression(0) + ", " + expression(depth - 1) + ")";
    default:
      return expression(depth - 1);
  }
}

std::string TextGenerator::emit(int depth) {
  std::string text = " EMIT";
  text +=
      pick({" EARLY EVERY INTERVAL '1' SECOND", " AFTER 5 ROWS", " ON UPDATE", " ON WINDOW CLOSE"});
  text += maybe(30, " ALLOWED LATENESS " + expression(depth - 1));
  text += maybe(30, " LATE INTO " + qualified());
  text += maybe(30, " DISCARDING");
  return text;
}

std::string TextGenerator::table(int depth) {
  std::string text;
  switch (depth <= 0 ? 0 : below(9)) {
    case 0:
      text = qualified();
      break;
    case 1:
      text = "t /*+ OPTIONS" + options() + " */";
      break;
    case 2:
      text = "t FOR SYSTEM_TIME AS OF " + expression(depth - 1);
      break;
    case 3:
      text = maybe(40, "LATERAL ") + "(" + query(depth - 1) + ")";
      break;
    case 4:
      text = "UNNEST(" + expression(depth - 1) + ")" + maybe(30, " WITH ORDINALITY");
      break;
    case 5:
      text = maybe(30, "LATERAL ") + pick({"f(", "s.f("}) + "a => " + expression(depth - 1) + ")";
      break;
    case 6:
      text = window_table(depth);
      break;
    case 7:
      text = "(" + joins(depth - 1) + " CROSS JOIN t)";
      break;
    default:
      text = match(depth);
      break;
  }
  return text + maybe(50, " AS " + name() + maybe(20, " " + names()));
}

std::string TextGenerator::window_table(int depth) {
  const std::string input =
      "TABLE " + (chance(70) ? qualified() : "(" + query(depth - 1) + ")") +
      pick({"", " PARTITION BY k", " PARTITION BY (a + 1, b)", " ORDER BY (x DESC, y)"});
  const std::string time = "DESCRIPTOR(" + name() + ")";
  const std::string x = expression(depth - 1);
  switch (below(5)) {
    case 0:
      return "TABLE(TUMBLE(" + input + ", " + time + ", " + x + maybe(30, ", " + interval()) + "))";
    case 1:
      return "HOP(SIZE => " + x + ", SLIDE => 1, TIMECOL => " + time + ", DATA => " + input + ")";
    case 2:
      return "TABLE(CUMULATE(" + input + ", " + time + ", " + x + ", " + interval() + "))";
    case 3:
      return "TABLE(SESSION(" + input + ", " + time + ", " + x + "))";
    default:
      return "TABLE(f(" + input + ", DESCRIPTOR(a, b), n => " + x + ")) WITH ORDINALITY";
  }
}

std::string TextGenerator::joins(int depth) {
  std::string text = table(depth - 1);
  while (chance(30)) {
    switch (below(3)) {
      case 0:
        text += pick({" CROSS JOIN ", " NATURAL JOIN ", " NATURAL LEFT JOIN "}) + table(depth - 1);
        break;
      case 1:
        text += pick({" JOIN ", " LEFT OUTER JOIN ", " FULL JOIN "}) + table(depth - 1) +
                " USING " + names();
        break;
      default:
        text += pick({" JOIN ", " RIGHT JOIN ", " ASOF JOIN ", " LEFT ASOF JOIN "}) +
                table(depth - 1) + maybe(10, " JOIN u ON TRUE") + " ON " + expression(depth - 1);
    }
  }
  return text;
}

std::string TextGenerator::match(int depth) {
  return "t" + maybe(30, " AS " + name()) + " MATCH_RECOGNIZE (" + maybe(50, "PARTITION BY a, b") +
         order_by(depth) +
         maybe(60, " MEASURES FINAL LAST(A.x) AS l, " + expression(depth - 1) + " AS " + name()) +
         pick({"", " ONE ROW PER MATCH", " ALL ROWS PER MATCH",
               " ALL ROWS PER MATCH WITH UNMATCHED ROWS",
               " ALL ROWS PER MATCH SHOW EMPTY MATCHES"}) +
         pick({"", " AFTER MATCH SKIP PAST LAST ROW", " AFTER MATCH SKIP TO NEXT ROW",
               " AFTER MATCH SKIP TO A", " AFTER MATCH SKIP TO FIRST pattern"}) +
         " PATTERN (" + pattern(depth) + ")" + maybe(30, " WITHIN " + expression(depth - 1)) +
         maybe(30, " SUBSET u = (a, b)") + " DEFINE " +
         list(1, 2, [&] { return name() + " AS " + expression(depth - 1); }) + ")";
}

std::string TextGenerator::pattern(int depth) {
  std::string text;
  switch (depth <= 0 ? 0 : below(7)) {
    case 1:
      text = "(" + list(1, 3, [&] { return pattern(depth - 1); }, " | ") + ")";
      break;
    case 2:
      text = "(" + list(0, 3, [&] { return pattern(depth - 1); }, " ") + ")";
      break;
    case 3:
      return "{- " + pattern(depth - 1) + " -}";
    case 4:
      text = "PERMUTE(" + list(1, 3, [&] { return pattern(depth - 1); }) + ")";
      break;
    case 5:
      return pick({"^", "$", "()"});
    default:
      text = name();
      break;
  }
  return text + pick({"", "*", "+", "?", "*?", "+?", "??", "{2}", "{2,}", "{,3}", "{1,2}?"});
}

std::string TextGenerator::create_table() {
  std::string text = "CREATE " + maybe(20, "TEMPORARY ") + "TABLE " + maybe(20, "IF NOT EXISTS ") +
                     qualified() + " (";
  text += list(1, 4, [this] {
    const std::string comment = maybe(20, " COMMENT " + string());
    if (chance(25)) return name() + " AS " + expression(2) + comment;
    return name() + " " + type(2) + maybe(30, " NOT NULL") +
           maybe(20, " METADATA" + maybe(50, " FROM 'k'") + maybe(50, " VIRTUAL")) + comment;
  });
  text += maybe(40, ", WATERMARK FOR " + name() + " AS " + expression(2));
  text += maybe(40, ", " + maybe(40, "CONSTRAINT " + name() + " ") + "PRIMARY KEY " + names() +
                        " NOT ENFORCED");
  text += ")" + maybe(20, " COMMENT " + string()) + maybe(20, " PARTITIONED BY " + names());
  text += maybe(60, " WITH " + options());
  text += pick({"", "", " LIKE u (INCLUDING ALL EXCLUDING OPTIONS)", " LIKE s.u"});
  return text;
}

std::string TextGenerator::create_other() {
  switch (below(7)) {
    case 0:
      return "CREATE OR REPLACE VIEW " + qualified() + maybe(30, " " + names()) + " AS " + query(2);
    case 1:
      return "CREATE MATERIALIZED VIEW " + qualified() + maybe(30, " WITH " + options()) + " AS " +
             query(3);
    case 2:
      return "CREATE TABLE " + qualified() + maybe(50, " WITH " + options()) + " AS " + query(2);
    case 3:
      return "CREATE CONNECTION IF NOT EXISTS " + qualified() + " WITH " + options();
    case 4:
      return "CREATE USER " + name() + maybe(50, " PASSWORD 'x'") + maybe(50, " WITH " + options());
    case 5:
      return "CREATE FUNCTION " + qualified() + "(" + name() + " " + type(2) + ") RETURNS " +
             type(2) + " LANGUAGE " + name() + " AS " + string();
    default:
      return "CREATE ALERT " + qualified() + " AS " + query(2) +
             maybe(50, " FOR " + expression(1)) + " NOTIFY " + string();
  }
}

std::string TextGenerator::insert() {
  return "INSERT INTO " + qualified() + maybe(40, " " + names()) + " " + query(2);
}

std::string TextGenerator::change() {
  switch (below(5)) {
    case 0:
      return insert();
    case 1:
      return "EXECUTE STATEMENT SET BEGIN " +
             list(1, 3, [this] { return insert() + "; "; }, "") + "END";
    case 2:
      return "UPDATE " + qualified() + maybe(40, " AS " + name()) + " SET " +
             list(1, 2, [this] { return name() + " = " + expression(2); }) +
             maybe(50, " WHERE " + expression(2));
    case 3:
      return "DELETE FROM " + qualified() + maybe(50, " WHERE " + expression(3));
    default:
      return "COPY " + (chance(50) ? qualified() + " " + names() : "(" + query(2) + ")") +
             " TO STDOUT" + maybe(50, " WITH (format csv, header, \"null\" '')");
  }
}

std::string TextGenerator::job_statement() {
  switch (below(5)) {
    case 0:
      return pick({"PAUSE", "RESUME", "SAVEPOINT", "CANCEL"}) + " JOB " + name();
    case 1:
      return "ALTER JOB " + name() + " SET " + options();
    case 2:
      return "TAP " + name() + "." + name();
    case 3:
      return "REPLAY JOB " + name() + " AS " + (chance(50) ? insert() : query(2));
    default:
      return "GRANT SELECT, " + name() + maybe(40, " " + names()) + " ON TABLE " + qualified() +
             " TO " + list(1, 2, [this] { return name(); });
  }
}

std::string TextGenerator::inspect() {
  switch (below(6)) {
    case 0:
      return "EXPLAIN " + pick({"", "(PLAN) ", "ANALYZE ", "(COST) "}) + statement();
    case 1:
      return "EXPLAIN ROW (" + expression(1) + ") IN " + qualified();
    case 2:
      return "DESCRIBE " + qualified();
    case 3:
      return "SHOW " + pick({"TABLES", "MATERIALIZED VIEWS", "JOBS"}) + " FROM " + qualified() +
             " LIKE " + string();
    case 4:
      return "SHOW CREATE " + pick({"TABLE ", "VIEW ", "MATERIALIZED VIEW "}) + qualified();
    default:
      return "SHOW JOB " + name() + " DIAGNOSIS";
  }
}

std::string TextGenerator::session() {
  switch (below(6)) {
    case 0:
      return "SET 'a.b' = " + string();
    case 1:
      return "USE " + qualified();
    case 2:
      return "DECLARE " + name() + " CURSOR FOR " + query(2);
    case 3:
      return "FETCH 5 FROM " + name();
    case 4:
      return "DROP " + pick({"TABLE ", "VIEW IF EXISTS ", "SECRET "}) +
             list(1, 2, [this] { return qualified(); }) + maybe(30, " CASCADE");
    default:
      return "CLOSE " + name();
  }
}

std::string TextGenerator::statement() {
  switch (below(10)) {
    case 0:
      return create_table();
    case 1:
      return create_other();
    case 2:
      return change();
    case 3:
      return job_statement();
    case 4:
      return inspect();
    case 5:
      return session();
    case 6:
      return "SUBSCRIBE " + query(2);
    default:
      return query(3);
  }
}

}  // namespace millrace::sql
