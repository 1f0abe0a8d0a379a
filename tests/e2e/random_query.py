"""Random queries whose text means the same to Millrace and to SQLite."""

WORDS = ["p", "q", "r", "", "é", "pq"]


class RandomQuery:
    """Grows relations from tables: derived columns, filters, groups, joins, unions. Columns are
    (name, kind), kind is "int" or "text"; what is true or false stays inside of conditions."""

    TABLES = {
        "a": [("id", "int"), ("k", "text"), ("x", "int")],
        "b": [("k", "text"), ("v", "int")],
        "c": [("k", "text"), ("x", "int")],
        "w": [("k", "text"), ("n", "int"), ("m", "int")],
    }

    def __init__(self, draw):
        self.draw = draw
        self.names = 0
        self.parts = []  # (name, text, columns) of what WITH names

    def name(self, letter):
        self.names += 1
        return f"{letter}{self.names}"

    def query(self):
        """A SELECT that stands alone."""
        self.parts = []
        text, _ = self.select(self.draw.choice([1, 2, 2, 3]))
        return self.with_parts(text)

    def keyed_query(self):
        """One whose rows (k, m, n) have the key k."""
        self.parts = []
        source, columns = self.source(self.draw.choice([0, 1, 2]))
        part = (f"SELECT COALESCE({self.text(columns, 1)}, '-') AS k,"
                f" CAST({self.number(columns, 1)} AS BIGINT) AS m FROM {source}"
                f"{self.where(columns)}")
        name = self.name("w")
        self.parts.append((name, part, []))
        return self.with_parts(f"SELECT k, {self.draw.choice(['MIN', 'MAX', 'SUM'])}(m) AS m,"
                               f" COUNT(*) AS n FROM {name} GROUP BY k")

    def added_query(self):
        """One that never takes rows (k, m, n) back."""
        branches = []
        for _ in range(self.draw.randint(1, 2)):
            source, columns = self.added_source()
            branches.append(f"SELECT {self.text(columns, 1)} AS k,"
                            f" CAST({self.number(columns, 2)} AS BIGINT) AS m,"
                            f" CAST({self.number(columns, 1)} AS BIGINT) AS n FROM {source}"
                            f"{self.where(columns)}")
        return " UNION ALL ".join(branches)

    def added_source(self):
        sides = []
        for table in self.draw.choice([["a"], ["b"], ["w"], ["a", "b"], ["b", "w"]]):
            alias = self.name("s")
            sides.append((f"{table} AS {alias}", self.prefixed(alias, self.TABLES[table])))
        text, columns = sides[0]
        for side, more in sides[1:]:
            text += f" JOIN {side} ON {self.column(columns, 'text')} = {self.column(more, 'text')}"
            columns = columns + more
        return text, columns

    def with_parts(self, text):
        parts = ", ".join(f"{name} AS ({part})" for name, part, _ in self.parts)
        return f"WITH {parts} {text}" if parts else text

    @staticmethod
    def for_sqlite(query):
        """SQLite 3.40 errs where it flattens subqueries into joins: it may not."""
        return query.replace(" AS (SELECT", " AS MATERIALIZED (SELECT")

    # ---- relations: (text of a FROM item, its columns with their prefix) ----------------------

    def relation(self, depth):
        alias = self.name("s")
        if depth == 0 or self.draw.random() < 0.1:
            table = self.draw.choice(list(self.TABLES))
            return f"{table} AS {alias}", self.prefixed(alias, self.TABLES[table])
        if self.parts and self.draw.random() < 0.2:
            name, _, columns = self.draw.choice(self.parts)
        else:
            text, columns = self.select(depth)
            name = self.name("w")
            self.parts.append((name, text, columns))
        return f"{name} AS {alias}", self.prefixed(alias, columns)

    @staticmethod
    def prefixed(alias, columns):
        return [(f"{alias}.{name}", kind) for name, kind in columns]

    def source(self, depth):
        """What follows FROM."""
        return self.join(depth) if self.draw.random() < 0.4 else self.relation(depth)

    def join(self, depth):
        left, left_columns = self.relation(depth)
        right, right_columns = self.relation(0 if self.draw.random() < 0.5 else depth)
        kinds = {kind for _, kind in left_columns} & {kind for _, kind in right_columns}
        kind = self.draw.choice(sorted(kinds) or ["int"])
        condition = (f"{self.column(left_columns, kind) or self.number(left_columns, 1)} = "
                     f"{self.column(right_columns, kind) or self.number(right_columns, 1)}")
        columns = left_columns + right_columns
        if self.draw.random() < 0.3:
            condition += f" AND {self.condition(columns, 1)}"
        how = self.draw.choice(["JOIN", "LEFT JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"])
        return f"{left} {how} {right} ON {condition}", columns

    # ---- selects: (text, output columns) -----------------------------------------------------

    def select(self, depth):
        make = self.draw.choice([self.rows, self.groups, self.groups, self.distinct, self.union])
        return make(depth)

    def where(self, columns):
        if self.draw.random() < 0.6:
            return ""
        return f" WHERE {self.condition(columns, 2)}"

    def rows(self, depth, kinds=None, select="SELECT"):
        source, columns = self.source(depth - 1)
        kinds = kinds or [self.draw.choice(["int", "text"])
                          for _ in range(self.draw.randint(1, 3))]
        out = [(self.name("c"), kind) for kind in kinds]
        items = ", ".join(f"{self.value(columns, kind, 2)} AS {name}" for name, kind in out)
        return f"{select} {items} FROM {source}{self.where(columns)}", out

    def distinct(self, depth):
        return self.rows(depth, select="SELECT DISTINCT")

    def union(self, depth):
        first, out = self.rows(depth)
        second, _ = self.rows(depth, [kind for _, kind in out])
        return f"{first} UNION ALL {second}", out

    def groups(self, depth):
        source, columns = self.source(depth - 1)
        keys = self.draw.sample(columns, min(len(columns), self.draw.choice([0, 1, 1, 2])))
        out, items = [], []
        for name, kind in keys:
            out.append((self.name("c"), kind))
            items.append(f"{name} AS {out[-1][0]}")
        for _ in range(self.draw.randint(1, 3)):
            text, kind = self.aggregate(columns)
            out.append((self.name("c"), kind))
            items.append(f"{text} AS {out[-1][0]}")
        text = f"SELECT {', '.join(items)} FROM {source}{self.where(columns)}"
        if keys:
            text += " GROUP BY " + ", ".join(name for name, _ in keys)
            if self.draw.random() < 0.3:
                compared = self.draw.choice(["<", ">", "<>", "="])
                text += f" HAVING {self.count(columns)} {compared} {self.draw.randint(0, 4)}"
        return text, out

    # ---- aggregates --------------------------------------------------------------------------

    def count(self, columns):
        kind = self.draw.choice(["int", "text"])
        return self.draw.choice([
            "COUNT(*)", f"COUNT({self.value(columns, kind, 1)})",
            f"COUNT(DISTINCT {self.value(columns, kind, 1)})"])

    def aggregate(self, columns):
        draw = self.draw.random()
        kind = self.draw.choice(["int", "text"])
        if draw < 0.35:
            text, kind = self.count(columns), "int"
        elif draw < 0.7:
            text = f"{self.draw.choice(['MIN', 'MAX'])}({self.value(columns, kind, 1)})"
        else:
            distinct = self.draw.choice(["", "", "DISTINCT "])
            text, kind = f"SUM({distinct}{self.value(columns, 'int', 1)})", "int"
        if self.draw.random() < 0.2:
            text += f" FILTER (WHERE {self.condition(columns, 1)})"
        return text, kind

    # ---- expressions -------------------------------------------------------------------------

    def column(self, columns, kind):
        names = [name for name, own in columns if own == kind]
        return self.draw.choice(names) if names else None

    def value(self, columns, kind, depth):
        return (self.number if kind == "int" else self.text)(columns, depth)

    def number(self, columns, depth):
        leaf = self.column(columns, "int")
        if depth == 0 or self.draw.random() < 0.4:
            if leaf and self.draw.random() < 0.85:
                return leaf
            return self.draw.choice(["0", "1", "3", "(-2)", "CAST(NULL AS INT)"])
        a, b = (self.number(columns, depth - 1) for _ in range(2))
        return self.draw.choice([
            f"({a} + {b})", f"({a} - {b})", f"({a} * {self.draw.randint(-2, 3)})", f"(- {a})",
            f"ABS({a})", f"COALESCE({a}, {b})", f"NULLIF({a}, {b})",
            f"({a} % {self.draw.randint(2, 4)})",
            f"(CAST({a} AS INT) / {self.draw.choice([-3, 2, 3])})",
            f"CHAR_LENGTH({self.text(columns, depth - 1)})",
            f"CASE WHEN {self.condition(columns, depth - 1)} THEN {a} ELSE {b} END",
            f"CASE WHEN {self.condition(columns, depth - 1)} THEN {a} END",
            f"CASE {a} WHEN {self.draw.randint(0, 3)} THEN {b} ELSE {a} END"])

    def text(self, columns, depth):
        leaf = self.column(columns, "text")
        if depth == 0 or self.draw.random() < 0.4:
            if leaf and self.draw.random() < 0.85:
                return leaf
            some = [f"'{word}'" for word in WORDS]
            return self.draw.choice([*some, "CAST(NULL AS VARCHAR(9))"])
        a, b = (self.text(columns, depth - 1) for _ in range(2))
        return self.draw.choice([
            f"({a} || {b})", f"UPPER({a})", f"LOWER({a})", f"COALESCE({a}, {b})",
            f"NULLIF({a}, {b})", f"SUBSTRING({a}, {self.draw.randint(1, 3)}, 2)",
            f"TRIM({a})", f"REPLACE({a}, 'p', 'zz')",
            f"CAST({self.number(columns, depth - 1)} AS VARCHAR(20))",
            f"CASE WHEN {self.condition(columns, depth - 1)} THEN {a} ELSE {b} END"])

    def condition(self, columns, depth):
        if depth > 0 and self.draw.random() < 0.4:
            a, b = (self.condition(columns, depth - 1) for _ in range(2))
            return self.draw.choice([f"({a} AND {b})", f"({a} OR {b})", f"(NOT {a})",
                                     f"({a} IS TRUE)", f"({a} IS NOT FALSE)"])
        kind = self.draw.choice(["int", "int", "text"])
        a, b = (self.value(columns, kind, max(0, depth - 1)) for _ in range(2))
        compared = self.draw.choice(["=", "<>", "<", "<=", ">", ">="])
        forms = [f"({a} {compared} {b})", f"({a} {compared} {b})", f"({a} IS NULL)",
                 f"({a} IS NOT NULL)", f"({a} IS DISTINCT FROM {b})",
                 f"({a} IS NOT DISTINCT FROM {b})",
                 f"({a} IN ({', '.join(self.literals(kind))}))",
                 f"({a} NOT IN ({', '.join(self.literals(kind))}))",
                 f"({a} BETWEEN {self.literals(kind)[0]} AND {b})"]
        if kind == "text":
            pattern = self.draw.choice(["p%", "_", "%q", "é%"])
            negation = self.draw.choice(["", "NOT "])
            forms.append(f"({a} {negation}LIKE '{pattern}')")
        return self.draw.choice(forms)

    def literals(self, kind):
        some = ["1", "2", "5", "(-1)"] if kind == "int" else [f"'{word}'" for word in WORDS]
        return self.draw.sample(some, self.draw.randint(1, 3))
