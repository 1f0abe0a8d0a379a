#include "jobs/show_log.h"

#include <algorithm>
#include <utility>

#include "plan/show.h"

namespace millrace::jobs {
namespace {

using data::TypeKind;
using data::Value;

plan::BoundRows show_topics(const sql::Show& show, const Runtime& runtime) {
  plan::BoundRows rows{
      data::make_schema({{"topic", TypeKind::kVarchar}, {"partitions", TypeKind::kBigint}}), {}};
  for (const commit::Topic& topic : runtime.log.topics().list()) {
    if (!plan::shows(show, topic.name)) continue;
    rows.rows.push_back({topic.name, int64_t{topic.partitions}});
  }
  return rows;
}

plan::BoundRows show_jobs(const sql::Show& show, const Runtime& runtime) {
  plan::BoundRows rows{data::make_schema({{"job", TypeKind::kVarchar},
                                          {"epoch", TypeKind::kBigint},
                                          {"committed_at", data::Type::timestamp(3)},
                                          {"state_bytes", TypeKind::kBigint}}),
                       {}};
  for (const commit::RecoveredJob& job : runtime.log.jobs().list()) {
    if (!plan::shows(show, job.name)) continue;
    const bool committed = job.last_epoch != commit::Epoch();
    rows.rows.push_back({job.name, static_cast<int64_t>(job.last_epoch.value()),
                         committed ? Value(job.tick.value()) : Value(),
                         static_cast<int64_t>(job.delta_bytes + job.snapshot_bytes)});
  }
  return rows;
}

}  // namespace

plan::BoundRows show_log(const sql::Show& show, const Runtime& runtime) {
  const bool topics = show.subject == sql::ShowSubject::kTopics;
  plan::BoundRows rows = topics ? show_topics(show, runtime) : show_jobs(show, runtime);
  std::ranges::sort(rows.rows, {}, [](const auto& row) { return row.front().text(); });
  return rows;
}

}  // namespace millrace::jobs
