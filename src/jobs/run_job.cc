#include "jobs/run_job.h"

#include <fmt/core.h>

#include "connectors/log/error_records.h"
#include "io/await.h"

namespace millrace::jobs {

// What the job's callbacks and the waiting client share.
struct JobRun::Shared {
  RunEvents events;
  io::Executor& door;
  std::shared_ptr<ResultRows> rows = std::make_shared<ResultRows>();
  std::unique_ptr<engine::Job> job;
  io::Notification done;
  std::optional<Result<engine::JobSummary>> summary;  // set before `done`
  Forwarding* forwarding = nullptr;                   // the JobRun's
  std::optional<Error> undelivered;                   // the door's

  explicit Shared(RunEvents told, io::Executor& executor)
      : events(std::move(told)), door(executor) {}

  void tell_rows() {
    for (const ResultRows::Chunk& chunk : rows->take()) {
      if (events.on_rows) events.on_rows(chunk);
    }
  }
  // All below on the door.
  void delivery_failed(const Error& error) {
    if (done.is_set() || undelivered) return;
    undelivered = error;
    job->cancel();
  }
  // What has been committed is delivered, then the job is over.
  void deliver(const std::shared_ptr<Shared>& self, const Result<engine::JobSummary>& ended) {
    if (!ended) return finish(undelivered ? Result<engine::JobSummary>(*undelivered) : ended);
    forwarding->finish([self, ended](const Result<void>& delivered) {
      self->door.post([self, ended, delivered] {
        self->finish(delivered ? ended : Result<engine::JobSummary>(delivered.error()));
      });
    });
  }
  void finish(Result<engine::JobSummary> how) {
    summary = std::move(how);
    done.set();
  }
  void tell_progress(const std::shared_ptr<Shared>& self) {
    if (done.is_set() || !events.on_progress) return;
    events.on_progress(job->progress());
    door.post_at(door.now() + events.progress_interval_us * io::kNsPerUs,
                 [self] { self->tell_progress(self); });
  }
};

namespace {

Result<std::optional<engine::ErrorsTarget>> errors_target(const std::string& job,
                                                          Runtime& runtime) {
  const auto topic = runtime.log.topics().describe(connectors::kErrorsTopic);
  if (!topic) return std::optional<engine::ErrorsTarget>();
  return engine::ErrorsTarget{
      .partition = {topic->id, 0},
      .encode = [job, &clock = runtime.clock](std::span<const engine::Rejection> rejections) {
        return connectors::encode_rejections(job, rejections, clock.wall_us());
      }};
}

// What a user should know of a plan before it runs.
std::vector<Error> notices_of(const plan::LogicalPlan& plan) {
  std::vector<Error> notices;
  for (const plan::NodePtr& node : plan.sinks) {
    const auto& sink = std::get<plan::Sink>(node->operation);
    if (!sink.materialize) continue;
    notices.push_back(
        Error(ErrorCode::kKeepsEveryRow,
              fmt::format("the query's rows have other keys than the primary key of '{}': the last "
                          "live row of a key counts, and all of them are kept",
                          sink.table->definition->name.to_short_string()))
            .remedy("Group by the key of the target."));
  }
  return notices;
}

}  // namespace

JobRun::JobRun(std::shared_ptr<Shared> shared, std::unique_ptr<Forwarding> forwarding,
               Runtime& runtime, std::string forget)
    : shared_(std::move(shared)),
      forwarding_(std::move(forwarding)),
      runtime_(runtime),
      forget_(std::move(forget)) {}

JobRun::~JobRun() {
  if (shared_->done.is_set()) return;
  shared_->job->cancel();
  runtime_.threads.wait(shared_->done);
}

Result<std::unique_ptr<JobRun>> JobRun::start(const plan::LogicalPlan& plan, RunOptions options,
                                              RunEvents events, Runtime& runtime) {
  auto shared = std::make_shared<Shared>(std::move(events), runtime.door);
  auto forwarding = std::make_unique<Forwarding>(options.name, runtime.outside, runtime.door);
  shared->forwarding = forwarding.get();
  engine::Dataflow dataflow = MILLRACE_TRY(lower(plan, {.functions = runtime.functions,
                                                        .connectors = runtime.connectors,
                                                        .formats = runtime.formats,
                                                        .outside = runtime.outside,
                                                        .parallelism = options.parallelism,
                                                        .result = shared->rows,
                                                        .forwarding = *forwarding}));
  engine::JobOptions job{.name = options.name,
                         .epoch_interval_us = options.epoch_interval_us,
                         .batch_rows_max = options.batch_rows_max,
                         .channel_credit = options.channel_credit,
                         .errors = MILLRACE_TRY(errors_target(options.name, runtime)),
                         .memory = &runtime.memory,
                         .crash = std::move(options.crash)};
  shared->rows->on_ready([weak = std::weak_ptr(shared)] {
    if (auto self = weak.lock()) self->door.post([self] { self->tell_rows(); });
  });
  engine::JobEvents told{.on_committed = {},
                         .on_notice =
                             [shared](const Error& notice) {
                               shared->door.post([shared, notice] {
                                 if (shared->events.on_notice) shared->events.on_notice(notice);
                               });
                             },
                         .on_finished =
                             [shared](Result<engine::JobSummary> summary) {
                               shared->door.post([shared, summary = std::move(summary)] {
                                 shared->tell_rows();
                                 shared->deliver(shared, summary);
                               });
                             }};
  shared->job = MILLRACE_TRY(engine::Job::start(std::move(dataflow), std::move(job),
                                                {.log = runtime.log,
                                                 .clock = runtime.clock,
                                                 .workers = runtime.workers,
                                                 .coordinator = runtime.coordinator},
                                                std::move(told)));
  forwarding->start([weak = std::weak_ptr(shared)](const Error& error) {
    if (auto self = weak.lock()) self->door.post([self, error] { self->delivery_failed(error); });
  });
  runtime.door.post([shared, notices = notices_of(plan)] {
    for (const Error& notice : notices) {
      if (shared->events.on_notice) shared->events.on_notice(notice);
    }
    shared->tell_progress(shared);
  });
  return std::unique_ptr<JobRun>(new JobRun(std::move(shared), std::move(forwarding), runtime,
                                            options.forget ? options.name : std::string()));
}

void JobRun::request_stop() {
  shared_->job->request_stop();
}

engine::JobProgress JobRun::progress() const {
  return shared_->job->progress();
}

bool JobRun::ended() const {
  return shared_->done.is_set();
}

Result<engine::JobSummary> JobRun::wait() {
  runtime_.threads.wait(shared_->done);
  if (shared_->events.on_progress) shared_->events.on_progress(progress());
  if (*shared_->summary && (*shared_->summary)->end != engine::JobEnd::kStopped) {
    MILLRACE_TRY(forwarding_->forget());
  }
  if (!forget_.empty()) {
    MILLRACE_TRY(io::await<void>(runtime_.threads, [&](auto done) {
      runtime_.log.jobs().drop_job(forget_, runtime_.door, std::move(done));
    }));
  }
  return *shared_->summary;
}

}  // namespace millrace::jobs
