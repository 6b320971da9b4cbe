# Writes OUTPUT: a C++ file that contains the SQL of INPUTS, in the order of their numbers.
list(SORT INPUTS COMPARE FILE_BASENAME)
set(rows "")
foreach(input IN LISTS INPUTS)
  get_filename_component(name ${input} NAME_WE)
  string(REGEX MATCH "^[0-9]+" digits ${name})
  math(EXPR number "${digits}")
  file(READ ${input} sql)
  # The line "-- Oldest program: N": the schema version of the oldest program that can work on the
  # result. Without it, no older program can.
  set(oldest ${number})
  if(sql MATCHES "\n-- Oldest program: ([0-9]+)\n")
    set(oldest ${CMAKE_MATCH_1})
  endif()
  string(APPEND rows "    {${number}, \"${name}\", R\"SQL(${sql})SQL\", ${oldest}},\n")
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
