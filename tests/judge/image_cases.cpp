// Images: where a launch names one, and what of the image applies.
#include "tests/judge/plays.h"

namespace containerizer::judge {

namespace {

const std::string group = "images";
const std::string which = "echo ${WHICH:-plain}";

Case names_image(const std::string& name, const std::string& source, const Words& words) {
  return prints(group, name, "The task runs in the image that its launch names.", source, which,
                words, "other");
}

void default_image(Stage& stage, const std::string& named, const std::string& expected) {
  auto& slave = stage.new_slave();
  slave.set_default_image("docker:///" + other_image);
  expect_equal(stage, "what the task prints", expected + "\n",
               printed(slave, which, {{"image", named}}));
}

void image_id(Stage& stage) {
  const auto id = stage.command("docker images -q --no-trunc " + other_image);
  expect_equal<std::string>(stage, "what the task prints", "other\n",
                            printed(stage.new_slave(), which, {{"image", id}}));
}

void registry_with_port(Stage& stage) {
  const std::string name = "127.0.0.1:1/judge/other:2";
  stage.command("docker tag " + other_image + " " + name);
  expect_equal<std::string>(stage, "what the task prints", "other\n",
                            printed(stage.new_slave(), which, {{"image", name}}));
  stage.command("docker rmi " + name);
}

void missing_image(Stage& stage) {
  auto& slave = stage.new_slave();
  auto& task = slave.run("echo up > up", {{"image", "127.0.0.1:1/judge/missing:1"}});
  const auto termination = slave.wait(task);
  stage.expect(termination.status() != 0 && !fs::exists(task.sandbox / "up"),
               "the task is reported as failed", text_of(termination));
  stage.expect(termination.message().find("judge/missing") != std::string::npos,
               "the message names the image", text_of(termination));
}

void no_image(Stage& stage) {
  auto& slave = stage.new_slave();
  expect_no_start(slave, slave.draft("echo up > up", {{"image", ""}}));
}

// Words of a task that has no shell script.
Case runs_entry(const std::string& name, const std::string& rule, const Words& words,
                const std::string& expected) {
  Words all = words;
  all.emplace_back("image", entry_image);
  return prints(group, name, rule, "5.4", "", all, expected);
}

}  // namespace

Cases image_cases() {
  return {
      names_image("the image of ContainerInfo is used", "4.4", {{"image", other_image}}),
      names_image("the image of CommandInfo.container is used", "4.3",
                  {{"image", other_image}, {"dialect", "command"}}),
      names_image("an image with docker:/// is used", "5.2",
                  {{"image", "docker:///" + other_image}, {"dialect", "command"}}),
      names_image("an image with docker:// is used", "5.2",
                  {{"image", "docker://" + other_image}, {"dialect", "command"}}),
      names_image("the Docker image of a ContainerInfo of type MESOS is used", "5.2",
                  {{"image", other_image}, {"type", "MESOS"}}),
      {"an image ID is used", group, "The task runs in the image that its launch names.", "8",
       image_id},
      {"a registry with a port is a part of the name", group,
       "Before a slash, a name with a colon is a registry and not a scheme.", "9.1",
       registry_with_port},
      {"the default image is used if the task names none", group,
       "MESOS_DEFAULT_CONTAINER_IMAGE is the image of tasks without one.", "1.4",
       [](Stage& stage) { default_image(stage, "", "other"); }},
      {"the task's image is used in spite of a default image", group,
       "MESOS_DEFAULT_CONTAINER_IMAGE is the image of tasks without one.", "5.2",
       [](Stage& stage) { default_image(stage, plain_image, "plain"); }},
      {"an image that does not exist is reported by wait", group,
       "Launch exits with 0 once the request is recorded; wait reports later problems with a "
       "message.",
       "1.7", missing_image},
      {"a task without any image does not start", group,
       "Whatever the reason is, the task ends as failed, and nothing hangs.", "1.7", no_image},
      runs_entry("entrypoint and command of the image run if the task has no command",
                 "Without value and arguments, ENTRYPOINT and CMD are untouched.",
                 {{"shell", "false"}}, "entry default"),
      runs_entry("arguments replace the image's command",
                 "Arguments replace CMD, and follow the entrypoint.",
                 {{"shell", "false"}, {"argument", "one"}, {"argument", "two words"}},
                 "entry one two words"),
      runs_entry("value and arguments follow the entrypoint",
                 "With shell=false, the entrypoint gets value and then the arguments.",
                 {{"shell", "false"}, {"command", "value"}, {"argument", "one"}},
                 "entry value one"),
      runs_entry("a shell command replaces the entrypoint",
                 "With shell=true, /bin/sh -c overrides the entrypoint.",
                 {{"command", "echo from the shell"}}, "from the shell"),
      prints(group, "variables of the image stay", "The image's ENV applies.", "8",
             "echo $FROM_IMAGE", {{"image", settings_image}, {"command", "echo $FROM_IMAGE"}},
             "yes"),
      prints(group, "the working directory of the image stays", "The image's WORKDIR applies.", "8",
             "", {{"image", settings_image}, {"command", "pwd"}}, "/srv"),
      prints(group, "the user of the image stays", "The image's USER applies.", "8", "",
             {{"image", settings_image}, {"command", "id -un"}}, "nobody"),
  };
}

}  // namespace containerizer::judge
