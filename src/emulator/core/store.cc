#include "emulator/core/store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <system_error>
#include <utility>

#include "base/unique_fd.h"

extern char** environ;  // NOLINT(readability-redundant-declaration)

namespace sortie::emulator {

namespace fs = std::filesystem;

namespace {

constexpr int k_schema_version = 1;

/// The pragmas of a database that loses nothing by `kill -9`: WAL with synchronous=NORMAL may lose the last commits
/// when the machine loses power, never when the process dies.
void configure(SQLite::Database& db) {
  db.exec("PRAGMA journal_mode=WAL");
  db.exec("PRAGMA synchronous=NORMAL");
  db.exec("PRAGMA foreign_keys=ON");
  db.exec("PRAGMA temp_store=MEMORY");
  db.exec("PRAGMA wal_autocheckpoint=2000");
}

Result<void> make_private_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder.parent_path().empty() ? fs::path(".") : folder.parent_path(), error);
  if (error) return fail_errno(error.value(), "make " + folder.parent_path().string());
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return fail_errno(errno, "make " + folder.string());
  struct stat info{};
  if (::stat(folder.c_str(), &info) != 0) return fail_errno(errno, folder.string());
  if (!S_ISDIR(info.st_mode)) return fail(ErrorKind::config, folder.string() + " is not a folder");
  if (info.st_uid == ::geteuid() && (info.st_mode & 0077) != 0 && ::chmod(folder.c_str(), 0700) != 0) {
    return fail_errno(errno, "make " + folder.string() + " private");
  }
  return {};
}

Result<UniqueFd> lock_folder(const fs::path& folder) {
  const fs::path path = folder / "lock";
  UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!file) return fail_errno(errno, "open " + path.string());
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return fail_errno(errno, "lock " + path.string());
    return fail(ErrorKind::config, "state folder " + folder.string() + " is in use by another sortie",
                "stop it, or name another folder");
  }
  return file;
}

/// Removes what a killed process was still writing.
void remove_unfinished(const fs::path& folder) {
  std::error_code ignored;
  std::vector<fs::path> unfinished;
  auto it = fs::recursive_directory_iterator(folder, fs::directory_options::skip_permission_denied, ignored);
  for (; !ignored && it != fs::recursive_directory_iterator(); it.increment(ignored)) {
    if (it->path().extension() != ".tmp") continue;
    unfinished.push_back(it->path());
    it.disable_recursion_pending();
  }
  for (const fs::path& path : unfinished) fs::remove_all(path, ignored);
}

class KeptStore final : public Store {
 public:
  KeptStore(fs::path folder, UniqueFd lock)
      : folder_(std::move(folder)),
        lock_(std::move(lock)),
        db_((folder_ / "state.db").string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE) {
    configure(db_);
  }

  SQLite::Database& db() override { return db_; }
  [[nodiscard]] bool is_ephemeral() const override { return false; }

  Result<fs::path> blobs(const std::string& service) override {
    RETURN_IF_ERROR(make_private_folder(folder_ / "blobs"));
    fs::path folder = folder_ / "blobs" / service;
    RETURN_IF_ERROR(make_private_folder(folder));
    return folder;
  }

 private:
  fs::path folder_;
  UniqueFd lock_;
  SQLite::Database db_;
};

struct SpawnPlan {
  SpawnPlan() {
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawnattr_init(&attributes);
  }
  ~SpawnPlan() {
    ::posix_spawn_file_actions_destroy(&actions);
    ::posix_spawnattr_destroy(&attributes);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
};

/// A temporary folder that goes away with the process, however that ends: a watcher blocks on a pipe whose other
/// end is ours alone, and removes the folder when the kernel closes it.
class TemporaryFolder {
 public:
  static Result<TemporaryFolder> create() {
    std::error_code error;
    fs::path parent = fs::temp_directory_path(error);
    if (error) {
      const char* const named = std::getenv("TMPDIR");
      return fail(ErrorKind::config, fmt::format("no temporary folder {}: {}", named ? named : "/tmp", error.message()),
                  "set TMPDIR");
    }
    std::string name = (parent / "sortie-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) return fail_errno(errno, "make a folder in " + parent.string());
    TemporaryFolder folder{fs::path(name)};
    RETURN_IF_ERROR(folder.start_watcher());
    return folder;
  }

  TemporaryFolder(TemporaryFolder&& other) noexcept
      : path_(std::exchange(other.path_, {})),
        pipe_(std::move(other.pipe_)),
        watcher_(std::exchange(other.watcher_, 0)) {}
  TemporaryFolder& operator=(TemporaryFolder&&) = delete;

  ~TemporaryFolder() {
    if (path_.empty()) return;
    std::error_code ignored;
    fs::remove_all(path_, ignored);
    if (watcher_ <= 0) return;
    ::kill(watcher_, SIGKILL);  // not by closing the pipe: a child that has not yet called exec may hold its end too
    while (::waitpid(watcher_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }

  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  explicit TemporaryFolder(fs::path path) : path_(std::move(path)) {}

  Result<void> start_watcher() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return fail_errno(errno, "pipe");
    UniqueFd reader(ends[0]);
    pipe_ = UniqueFd(ends[1]);
    // Not a fork: a copy that stays would make this process copy every page that it writes to from here on.
    std::string path = path_.string();
    const char* const command[] = {"sh", "-c", "read -r _; exec rm -rf -- \"$1\"", "sh", path.c_str(), nullptr};
    SpawnPlan plan;
    ::posix_spawn_file_actions_adddup2(&plan.actions, reader.get(), 0);
    ::posix_spawn_file_actions_addclosefrom_np(&plan.actions, 1);
    // A signal to the terminal's process group must not end the watcher first.
    ::posix_spawnattr_setflags(&plan.attributes, POSIX_SPAWN_SETSID);
    const int error = ::posix_spawn(&watcher_, "/bin/sh", &plan.actions, &plan.attributes,
                                    const_cast<char* const*>(command), environ);  // NOLINT: posix_spawn's own type
    if (error != 0) watcher_ = 0;  // no shell here: the folder stays when this process is killed
    return {};
  }

  fs::path path_;
  UniqueFd pipe_;
  pid_t watcher_ = 0;
};

class EphemeralStore final : public Store {
 public:
  // A name that is empty means a temporary database: in memory as far as the cache goes, past it in a file without a
  // name. What functions print is kept in it, and may be more than there is memory.
  EphemeralStore() : db_("", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE) {
    db_.exec("PRAGMA journal_mode=MEMORY");
    db_.exec("PRAGMA foreign_keys=ON");
    db_.exec("PRAGMA cache_size=-32768");  // KiB
  }

  SQLite::Database& db() override { return db_; }
  [[nodiscard]] bool is_ephemeral() const override { return true; }

  Result<fs::path> blobs(const std::string& service) override {
    if (!folder_) {
      ASSIGN_OR_RETURN(TemporaryFolder folder, TemporaryFolder::create());
      folder_.emplace(std::move(folder));
    }
    fs::path folder = folder_->path() / service;
    RETURN_IF_ERROR(make_private_folder(folder));
    return folder;
  }

 private:
  std::optional<TemporaryFolder> folder_;
  SQLite::Database db_;
};

/// Refuses a folder that a newer Sortie has written.
Result<void> check_version(SQLite::Database& db, const fs::path& folder) {
  const int version = db.execAndGet("PRAGMA user_version").getInt();
  if (version > k_schema_version) {
    return fail(ErrorKind::config, fmt::format("{} was written by a newer sortie", folder.string()));
  }
  if (version < k_schema_version) db.exec(fmt::format("PRAGMA user_version={}", k_schema_version));
  return {};
}

}  // namespace

Result<std::unique_ptr<Store>> Store::open(const fs::path& folder) {
  RETURN_IF_ERROR(make_private_folder(folder));
  ASSIGN_OR_RETURN(UniqueFd lock, lock_folder(folder));
  remove_unfinished(folder / "blobs");
  const mode_t previous = ::umask(0077);
  try {
    auto store = std::make_unique<KeptStore>(folder, std::move(lock));
    ::umask(previous);
    RETURN_IF_ERROR(check_version(store->db(), folder));
    return store;
  } catch (const SQLite::Exception& error) {
    ::umask(previous);
    return fail(ErrorKind::config, fmt::format("open {}: {}", (folder / "state.db").string(), error.what()));
  }
}

Result<std::unique_ptr<Store>> Store::ephemeral() {
  try {
    return std::make_unique<EphemeralStore>();
  } catch (const SQLite::Exception& error) {
    return fail(ErrorKind::internal, fmt::format("open a database in memory: {}", error.what()));
  }
}

}  // namespace sortie::emulator
