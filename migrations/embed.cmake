# Writes OUTPUT: a C++ file that contains the SQL of INPUTS, in the order of their numbers.
list(SORT INPUTS)
set(rows "")
foreach(input IN LISTS INPUTS)
  get_filename_component(name ${input} NAME_WE)
  string(REGEX MATCH "^[0-9]+" digits ${name})
  math(EXPR number "${digits}")
  file(READ ${input} sql)
  string(APPEND rows "    {${number}, \"${name}\", R\"SQL(${sql})SQL\"},\n")
endforeach()
file(WRITE ${OUTPUT} "#include \"store/migrations.h\"

namespace containerizer::store {

const std::vector<Migration>& embedded_migrations() {
  static const std::vector<Migration> all{
${rows}  };
  return all;
}

}  // namespace containerizer::store
")
