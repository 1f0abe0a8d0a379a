#include "plan/planner.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <set>

#include "functions/builtin.h"
#include "plan/bind/read_definition.h"
#include "plan/explain.h"
#include "sql/parse.h"

namespace millrace::plan {
namespace {

constexpr traits::OptionSpec kPath[] = {{.name = "path", .required = true}};
const traits::ConnectorTraits kFiles = {
    .name = "filesystem",
    .source = true,
    .bounded = [](const traits::Options&) { return true; },
    .format = traits::FormatUse::kRequired,
    .options = kPath,
};
const traits::ConnectorTraits kLog = {
    .name = "log",
    .source = true,
    .sink = {.inserts = true, .upserts = true},
    .keyed_reads_are_upserts = true,
    .format = traits::FormatUse::kOptional,
    .default_format = "json",
};
const traits::ConnectorTraits kCounter = {
    .name = "counter",
    .source = true,
    .bounded = [](const traits::Options&) { return true; },
    .columns =
        [](const traits::Options&) { return data::make_schema({{"n", data::TypeKind::kBigint}}); },
};
const traits::FormatTraits kJson = {.name = "json", .decodes = true, .encodes = true};

// Statements planned one after another; CREATE changes the catalog.
class Plans : public testing::Test {
 protected:
  Plans() {
    functions::register_builtin_functions(functions_);
    connectors_.add(kFiles);
    connectors_.add(kLog);
    connectors_.add(kCounter);
    connectors_.add(kJson);
    run("CREATE TABLE f (ts TIMESTAMP(3), k STRING, x BIGINT, later AS ts + INTERVAL '1' HOUR, "
        "WATERMARK FOR ts AS ts) "
        "WITH ('connector' = 'filesystem', 'path' = 'p', 'format' = 'json')");
    run("CREATE TABLE t (k STRING, n BIGINT)");
    run("CREATE TABLE keyed (k STRING, n BIGINT, PRIMARY KEY (k) NOT ENFORCED)");
  }

  Result<BoundStatement> plan(const std::string& text, bool optimize = true) {
    const auto statements = MILLRACE_TRY(sql::parse_script(text, "q.sql"));
    const sql::SourceText source(text, "q.sql");
    return Planner(*catalog_, path_, {functions_, connectors_}, {.optimize = optimize})
        .plan(statements.front(), source);
  }
  void run(const std::string& text) {
    const auto bound = plan(text);
    ASSERT_TRUE(bound) << bound.error().to_string();
    catalog_ = catalog_->with(std::get<BoundCreate>(bound->action).relation, ++version_);
  }
  std::string explained(const std::string& text, bool optimize = true) {
    const auto bound = plan(text, optimize);
    if (!bound) return bound.error().to_string();
    const auto* insert = std::get_if<BoundInsert>(&bound->action);
    return explain(insert ? insert->plan : std::get<BoundQuery>(bound->action).plan);
  }
  static std::set<const Node*> nodes_of(const LogicalPlan& plan) {
    std::set<const Node*> nodes;
    const std::function<void(const Node&)> visit = [&](const Node& node) {
      if (!nodes.insert(&node).second) return;
      for (const NodePtr& input : node.inputs) visit(*input);
    };
    for (const NodePtr& sink : plan.sinks) visit(*sink);
    return nodes;
  }
  template <class T>
  static int64_t count(const std::set<const Node*>& nodes) {
    return std::ranges::count_if(nodes, [](const Node* node) { return node->as<T>() != nullptr; });
  }
  // "MR-2006 q.sql:1:8".
  std::string refusal(const std::string& text) {
    const auto bound = plan(text);
    if (bound) return "planned";
    return "MR-" + std::to_string(static_cast<int>(bound.error().code())) + " " +
           bound.error().place();
  }

  expr::FunctionRegistry functions_;
  traits::ConnectorRegistry connectors_;
  catalog::CatalogPtr catalog_ = std::make_shared<const catalog::Catalog>();
  catalog::NamePath path_;
  uint64_t version_ = 0;
};

TEST_F(Plans, MoveFiltersIntoTheScanUnlessRulesAreOffAndReadNoMoreThanIsNeeded) {
  const std::string query = "SELECT x FROM (SELECT k AS name, x FROM f) WHERE name = 'a'";
  EXPECT_EQ(explained(query),
            "Sink client (result)  [append-only]\n"
            "  Project x  [append-only]\n"
            "    Project x  [append-only]\n"
            "      Scan f (x) where (k = 'a')  [append-only]\n");
  EXPECT_EQ(explained(query, false),
            "Sink client (result)  [append-only]\n"
            "  Project x  [append-only]\n"
            "    Filter (name = 'a')  [append-only]\n"
            "      Project k, x  [append-only]\n"
            "        Scan f (k, x)  [append-only]\n");
}

TEST_F(Plans, DoNotMoveAFilterBelowWhatCanFail) {
  EXPECT_NE(
      explained("SELECT * FROM (SELECT x, 10 / (x - 5) AS y FROM f) WHERE x <> 5").find("Filter"),
      std::string::npos);
}

TEST_F(Plans, MergeAWindowFunctionIntoTheAggregationOverIt) {
  EXPECT_EQ(explained("INSERT INTO t SELECT k, COUNT(*) FROM TABLE(TUMBLE(TABLE f, "
                      "DESCRIPTOR(ts), INTERVAL '1' HOUR)) GROUP BY window_start, window_end, k"),
            "Sink t (append)  [append-only]\n"
            "  Project k, count  [append-only]\n"
            "    Project k, COUNT(*)  [append-only]\n"
            "      WindowAggregate [tumble 1 h on ts] by (k) COUNT(*)  [append-only, key (k, "
            "window_start), time window_time, state: open windows]\n"
            "        Project k, ts  [append-only, time ts]\n"
            "          Scan f (ts, k)  [append-only, time ts]\n");
}

TEST_F(Plans, RefuseAChangingQueryForAnAppendOnlyTarget) {
  EXPECT_EQ(refusal("INSERT INTO t SELECT k, COUNT(*) FROM f GROUP BY k"), "MR-2019 q.sql:1:13");
}

TEST_F(Plans, KeepEveryRowWhereAKeyedTargetHasOtherKeysThanTheQuery) {
  const auto first_line = [&](const char* query) {
    const std::string text = explained(query);
    return text.substr(0, text.find('\n'));
  };
  EXPECT_EQ(first_line("INSERT INTO keyed SELECT k, COUNT(*) FROM f GROUP BY k"),
            "Sink keyed (upsert)  [changing, key (k)]");
  EXPECT_EQ(first_line("INSERT INTO keyed SELECT k, COUNT(*) FROM f GROUP BY k, x"),
            "Sink keyed (upsert, the last live row of a key)  [changing, rows by value, state: an "
            "entry per row, for ever]");
}

TEST_F(Plans, SendLateRowsIntoATableOfTheirOwn) {
  run("CREATE TABLE missed (x BIGINT, ts TIMESTAMP(3))");
  run("CREATE TABLE other (y BIGINT)");
  const std::string query =
      "SELECT k, COUNT(*) FROM TABLE(TUMBLE(TABLE f, DESCRIPTOR(ts), INTERVAL '1' HOUR)) "
      "GROUP BY k, window_start, window_end EMIT LATE INTO ";
  const std::string text = explained("INSERT INTO t " + query + "missed");
  EXPECT_NE(text.find("Sink missed (append)  [append-only]\n"
                      "  Project x, ts  [append-only]\n"
                      "    LateRows  [append-only]\n"
                      "      WindowAggregate [tumble 1 h on ts] late rows kept by (k) COUNT(*)"),
            std::string::npos)
      << text;
  EXPECT_EQ(refusal("INSERT INTO t " + query + "other"), "MR-2006 q.sql:1:149");
  EXPECT_EQ(refusal("INSERT INTO t " + query + "nowhere"), "MR-2005 q.sql:1:149");
  EXPECT_EQ(refusal(query + "missed"), "MR-2004 q.sql:1:135");
}

TEST_F(Plans, EmitEarlyOnUpdateAndEveryIntervalAndRefuseTheOtherClauses) {
  const std::string query =
      "INSERT INTO keyed SELECT k, COUNT(*) FROM TABLE(TUMBLE(TABLE f, DESCRIPTOR(ts), "
      "INTERVAL '1' HOUR)) GROUP BY k, window_start, window_end EMIT ";
  EXPECT_NE(explained(query + "EARLY ON UPDATE").find("early on update by (k) COUNT(*)  [changing"),
            std::string::npos);
  EXPECT_NE(explained(query + "EARLY EVERY INTERVAL '5' SECOND").find("early every 5 s by (k)"),
            std::string::npos);
  EXPECT_EQ(refusal(query + "EARLY EVERY INTERVAL '0' SECOND"), "MR-2021 q.sql:1:155");
  EXPECT_NE(explained(query + "EARLY AFTER 5 ROWS").find("early after 5 rows by (k)"),
            std::string::npos);
  EXPECT_EQ(refusal(query + "EARLY AFTER 0 ROWS"), "MR-2021 q.sql:1:138");
  EXPECT_EQ(refusal(query + "EARLY AFTER 5 ROWS DISCARDING"), "MR-2004 q.sql:1:138");
  EXPECT_NE(explained(query + "EARLY ON UPDATE DISCARDING")
                .find("early on update discarding by (k) COUNT(*)  [append-only, time"),
            std::string::npos);
  EXPECT_EQ(refusal("INSERT INTO keyed SELECT k, COUNT(*) FROM f GROUP BY k EMIT EARLY ON UPDATE"),
            "MR-2004 q.sql:1:56");
}

TEST_F(Plans, NameThePlaceOfWhatIsWrong) {
  EXPECT_EQ(refusal("SELECT y FROM f"), "MR-2006 q.sql:1:8");
  EXPECT_EQ(refusal("SELECT k FROM f GROUP BY x"), "MR-2015 q.sql:1:8");
  EXPECT_EQ(refusal("SELECT * FROM ff"), "MR-2005 q.sql:1:15");
  EXPECT_EQ(refusal("SELECT x FROM f WHERE SUM(x) > 1"), "MR-2016 q.sql:1:23");
  EXPECT_EQ(refusal("SELECT k FROM f AS a JOIN f AS b ON a.x = b.x"), "MR-2008 q.sql:1:8");
  EXPECT_EQ(refusal("SELECT * FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(n), INTERVAL '1' HOUR))"),
            "MR-2018 q.sql:1:48");
  EXPECT_EQ(refusal("SELECT x FROM f FULL JOIN t USING (k)"), "MR-2004 q.sql:1:17");
}

TEST_F(Plans, SortGroupsByAnAggregateThatIsNotSelected) {
  EXPECT_EQ(
      explained("SELECT k FROM f GROUP BY k ORDER BY COUNT(*) DESC LIMIT 3"),
      "Sink client (result)  [append-only, key (k)]\n"
      "  Project k  [append-only, key (k)]\n"
      "    Sort COUNT(*) DESC NULLS FIRST limit 3  [append-only, key (k), state: an entry per row, "
      "for ever]\n"
      "      Project k, COUNT(*)  [changing, key (k)]\n"
      "        GroupAggregate by (k) COUNT(*)  [changing, key (k), state: an entry per key, "
      "for ever]\n"
      "          Project k  [append-only]\n"
      "            Scan f (k)  [append-only]\n");
  EXPECT_EQ(refusal("SELECT k FROM f GROUP BY k ORDER BY x"), "MR-2015 q.sql:1:37");
  EXPECT_EQ(refusal("SELECT DISTINCT k FROM f ORDER BY x"), "MR-2006 q.sql:1:35");
}

TEST_F(Plans, KeepTheIdentityOfStateWhenRulesAreOff) {
  const std::string query =
      "INSERT INTO keyed SELECT k, COUNT(*) FROM (SELECT k, x FROM f) WHERE x > 1 GROUP BY k";
  std::vector<uint64_t> identities;
  for (const bool optimize : {true, false}) {
    const auto bound = plan(query, optimize);
    ASSERT_TRUE(bound);
    NodePtr node = std::get<BoundInsert>(bound->action).plan.sinks.front();
    while (node->as<Aggregate>() == nullptr) node = node->input();
    identities.push_back(node->identity);
  }
  EXPECT_EQ(identities[0], identities[1]);
}

TEST_F(Plans, ReadTheCanonicalStatementAsTheSameDefinition) {
  const StatementDefinitionReader reader(functions_, connectors_);
  for (const catalog::Relation* relation : catalog_->relations()) {
    const auto again = reader.read(relation->statement, relation->name, path_);
    ASSERT_TRUE(again) << again.error().to_string();
    EXPECT_EQ(again->statement, relation->statement);
    EXPECT_EQ(again->table->columns, relation->table->columns);
    EXPECT_EQ(again->table->watermark, relation->table->watermark);
    EXPECT_EQ(again->table->primary_key, relation->table->primary_key);
  }
}

TEST_F(Plans, PutComputedColumnsBehindThoseThatTheConnectorKnows) {
  run("CREATE TABLE c (twice AS n * 2) WITH ('connector' = 'counter')");
  EXPECT_EQ(refusal("SELECT n, twice FROM c"), "planned");
  const catalog::TablePtr table = catalog_->find_exact({"main", "public", "c"})->table;
  ASSERT_EQ(table->columns.size(), 2U);
  EXPECT_EQ(table->columns[0].name, "n");
  EXPECT_EQ(table->columns[1].name, "twice");
}

TEST_F(Plans, ReadATableOnceAndComputeEqualAggregationsOnce) {
  const std::string text =
      "WITH h AS (SELECT k, COUNT(*) AS n, window_start, window_end FROM TABLE(TUMBLE(TABLE f, "
      "DESCRIPTOR(ts), INTERVAL '1' HOUR)) WHERE x > 1 GROUP BY k, window_start, window_end) "
      "SELECT a.k FROM h AS a JOIN (SELECT MAX(n) AS most, window_start FROM h GROUP BY "
      "window_start) AS b ON a.n = b.most AND a.window_start = b.window_start";
  for (const bool optimize : {true, false}) {
    const auto bound = plan(text, optimize);
    ASSERT_TRUE(bound) << bound.error().to_string();
    const auto nodes = nodes_of(std::get<BoundQuery>(bound->action).plan);
    EXPECT_EQ(count<Scan>(nodes), 1);
    EXPECT_EQ(count<Aggregate>(nodes), 2);
  }
}

TEST_F(Plans, KeepAggregationsApartThatOnlyLookEqual) {
  const auto bound = plan(
      "SELECT a.v FROM (SELECT MAX(v) AS v FROM (SELECT x AS v FROM f) AS p) AS a JOIN "
      "(SELECT MAX(v) AS v FROM (SELECT x + 1 AS v FROM f) AS q) AS b ON a.v = b.v");
  ASSERT_TRUE(bound) << bound.error().to_string();
  const auto nodes = nodes_of(std::get<BoundQuery>(bound->action).plan);
  EXPECT_EQ(count<Scan>(nodes), 1);
  EXPECT_EQ(count<Aggregate>(nodes), 2);
}

TEST_F(Plans, ShareAScanWhoseReadersFilterDifferently) {
  const auto bound =
      plan("SELECT a.x FROM f AS a JOIN f AS b ON a.x = b.x WHERE a.k = 'a' AND b.k = 'b'");
  ASSERT_TRUE(bound) << bound.error().to_string();
  const auto nodes = nodes_of(std::get<BoundQuery>(bound->action).plan);
  EXPECT_EQ(count<Scan>(nodes), 1);
}

TEST_F(Plans, FoldConstantsUnlessTheyFailOrRulesAreOff) {
  const std::string text = "SELECT x + (1 + 2) AS y, 10 / 0 AS z FROM f WHERE 1 < 2";
  const std::string folded = explained(text);
  EXPECT_NE(folded.find("(x + 3), (10 / 0)"), std::string::npos) << folded;
  EXPECT_EQ(folded.find("1 < 2"), std::string::npos) << folded;
  const std::string written = explained(text, false);
  EXPECT_NE(written.find("(1 + 2)"), std::string::npos) << written;
  EXPECT_NE(written.find("(1 < 2)"), std::string::npos) << written;
}

TEST_F(Plans, KnowThatTheMissingSideOfAnOuterJoinIsNull) {
  run("CREATE TABLE strict (k STRING NOT NULL)");
  for (const char* join : {"t LEFT JOIN strict AS s", "strict AS s RIGHT JOIN t"}) {
    const std::string text =
        explained(std::string("SELECT n FROM ") + join + " ON s.k = t.k WHERE s.k IS NULL");
    EXPECT_NE(text.find("IS NULL"), std::string::npos) << text;
  }
  const std::string full =
      explained("SELECT 1 FROM strict AS a FULL JOIN strict AS b ON a.k = b.k WHERE a.k IS NULL");
  EXPECT_NE(full.find("IS NULL"), std::string::npos) << full;
}

}  // namespace
}  // namespace millrace::plan
