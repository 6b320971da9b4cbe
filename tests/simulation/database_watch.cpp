#include "tests/simulation/database_watch.h"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace containerizer::simulation {
namespace {

DatabaseWatch* the_watch = nullptr;

constexpr std::array<std::string_view, 4> different_each_time = {"nonce", "directory", "request",
                                                                 "environment"};
// Of these columns, only their presence is compared.
constexpr std::array<std::string_view, 8> times = {
    "state_since_at", "state_since_monotonic", "created_at", "delivered_at",
    "requested_at",   "recorded_at",           "at",         "monotonic"};
constexpr std::array<const char*, 7> contents = {
    "SELECT * FROM containers", "SELECT * FROM supervisors", "SELECT * FROM requests",
    "SELECT * FROM limits",     "SELECT * FROM history",     "SELECT * FROM terminations",
    "SELECT * FROM callers"};

template <class List>
bool is_in(const List& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

std::string_view text_of(sqlite3_stmt* statement, int column) {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
  return text != nullptr ? text : "";
}

}  // namespace

DatabaseWatch::DatabaseWatch(std::function<void(std::uint64_t)> told) : told_(std::move(told)) {
  the_watch = this;
  sqlite3_auto_extension(reinterpret_cast<void (*)()>(&DatabaseWatch::opened));
}

DatabaseWatch::~DatabaseWatch() {
  sqlite3_cancel_auto_extension(reinterpret_cast<void (*)()>(&DatabaseWatch::opened));
  the_watch = nullptr;
}

int DatabaseWatch::opened(sqlite3* connection, char** /*problem*/,
                          const sqlite3_api_routines* /*routines*/) {
  return sqlite3_trace_v2(connection, SQLITE_TRACE_ROW | SQLITE_TRACE_PROFILE, &traced, the_watch);
}

int DatabaseWatch::traced(unsigned int what, void* self, void* statement, void* /*more*/) {
  auto* watch = static_cast<DatabaseWatch*>(self);
  auto* finished = static_cast<sqlite3_stmt*>(statement);
  if (what == SQLITE_TRACE_ROW) {
    watch->take_row(finished);
  } else {
    watch->take_end(finished);
  }
  return 0;
}

void DatabaseWatch::take_row(sqlite3_stmt* statement) {
  Hash row;
  for (int i = 0; i < sqlite3_data_count(statement); ++i) {
    const std::string_view name = sqlite3_column_name(statement, i);
    if (is_in(different_each_time, name)) continue;
    const auto text = text_of(statement, i);
    row.add(is_in(times, name) ? (text.empty() ? "" : "a time") : text);
  }
  if (collected_) {
    collected_->add(row.value());
  } else {
    told_(row.value());
  }
}

void DatabaseWatch::take_end(sqlite3_stmt* statement) {
  if (collected_) return;
  Hash end;
  end.add(std::string_view(sqlite3_sql(statement)));
  if (sqlite3_stmt_readonly(statement) == 0) {
    content_.reset();
    end.add(sqlite3_changes(sqlite3_db_handle(statement)));
  }
  told_(end.value());
}

std::uint64_t DatabaseWatch::content(const store::Database& database) {
  if (content_) return *content_;
  collected_.emplace();
  for (const auto* sql : contents) {
    auto rows = database.prepare(sql);
    while (rows.step()) {
    }
    collected_->add("end");
  }
  content_ = collected_->value();
  collected_.reset();
  return *content_;
}

}  // namespace containerizer::simulation
