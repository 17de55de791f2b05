//! Text that is no YAML, or no spec of ours.

use expect_test::expect;

use super::{check, with_more};

#[test]
fn a_tab_is_named_as_such() {
    check(
        "apiVersion: driftless/v1\nkind: container\nservices:\n\t- name: web\n",
        &expect![[r#"
            the app spec has 1 error, the first in line 4: a tab indents this line; YAML allows only spaces
              × a tab indents this line; YAML allows only spaces
               ╭─[app.yaml:4:1]
             4 │  - name: web
               · ─
               ╰────
              help: replace the tab by spaces

        "#]],
    );
}

#[test]
fn broken_yaml_is_said_where_it_breaks() {
    check(
        "apiVersion: driftless/v1\nkind: [container\napp: shop\n",
        &expect![[r#"
            the app spec has 1 error, the first in line 3: this is not valid YAML: illegal placement of ':' indicator
              × this is not valid YAML: illegal placement of ':' indicator
               ╭─[app.yaml:3:4]
             3 │ app: shop
               ·    ─
               ╰────

        "#]],
    );
    check(
        "apiVersion: \"driftless/v1\nkind: container\n",
        &expect![[r#"
            the app spec has 1 error, the first in line 2: this is not valid YAML: invalid indentation in multiline quoted scalar
              × this is not valid YAML: invalid indentation in multiline quoted scalar
               ╭─[app.yaml:2:1]
             2 │ kind: container
               · ─
               ╰────

        "#]],
    );
}

#[test]
fn a_file_must_be_one_map() {
    check(
        "",
        &expect![[r#"
            the app spec has 1 error, the first in line 1: the file is empty
              × the file is empty
               ╭─[app.yaml:1:1]
               ╰────

        "#]],
    );
    check(
        "# only a comment\n",
        &expect![[r#"
            the app spec has 1 error, the first in line 1: the file is empty
              × the file is empty
               ╭─[app.yaml:1:1]
             1 │ # only a comment
               · ▲
               ╰────

        "#]],
    );
    check(
        "- a\n- b\n",
        &expect![[r#"
            the app spec has 1 error, the first in line 1: the file must be a map of keys and values; it is a list
              × the file must be a map of keys and values; it is a list
               ╭─[app.yaml:1:1]
             1 │ - a
               · ▲
               ╰────

        "#]],
    );
    check(
        "a: 1\n---\nb: 2\n",
        &expect![[r#"
            the app spec has 1 error, the first in line 2: the file has a second document; a spec is one document
              × the file has a second document; a spec is one document
               ╭─[app.yaml:2:1]
             2 │ ---
               · ───
               ╰────
              help: remove the `---`

        "#]],
    );
}

#[test]
fn tags_merge_keys_and_unknown_aliases_are_refused() {
    check(
        "apiVersion: !!str driftless/v1\n",
        &expect![[r#"
            the app spec has 1 error, the first in line 1: YAML tags (`!…`) are not used in a spec
              × YAML tags (`!…`) are not used in a spec
               ╭─[app.yaml:1:19]
             1 │ apiVersion: !!str driftless/v1
               ·                   ────────────
               ╰────
              help: leave the tag out

        "#]],
    );
    check(
        "defaults: &d {region: eu-west-1}\nenvironments:\n  - <<: *d\n",
        &expect![[r#"
            the app spec has 1 error, the first in line 3: merge keys (`<<`) are not part of YAML 1.2
              × merge keys (`<<`) are not part of YAML 1.2
               ╭─[app.yaml:3:5]
             3 │   - <<: *d
               ·     ──
               ╰────
              help: write the keys out

        "#]],
    );
    check(
        "a: *nowhere\n",
        &expect![[r#"
            the app spec has 1 error, the first in line 1: this is not valid YAML: while parsing node, found unknown anchor
              × this is not valid YAML: while parsing node, found unknown anchor
               ╭─[app.yaml:1:4]
             1 │ a: *nowhere
               ·    ─
               ╰────

        "#]],
    );
    check(
        "[a, b]: 1\n",
        &expect![[r#"
            the app spec has 1 error, the first in line 1: a key must be text
              × a key must be text
               ╭─[app.yaml:1:1]
             1 │ [a, b]: 1
               · ─
               ╰────

        "#]],
    );
}

#[test]
fn duplicate_keys_are_said_with_both_lines() {
    check(
        &with_more("cluster: other\napprovals: {staff: 1, staff: 2}"),
        &expect![[r#"
            the app spec has 2 errors, the first in line 11: the key `cluster` is given twice, first in line 10
              × the key `cluster` is given twice, first in line 10
                ╭─[app.yaml:11:5]
             11 │     cluster: other
                ·     ───┬───
                ·        ╰── environments[0].cluster
                ╰────
              help: keep one of them

              × the key `staff` is given twice, first in line 12
                ╭─[app.yaml:12:27]
             12 │     approvals: {staff: 1, staff: 2}
                ·                           ──┬──
                ·                             ╰── environments[0].approvals.staff
                ╰────
              help: keep one of them

        "#]],
    );
}

#[test]
fn a_newer_version_and_an_unknown_kind_get_one_clear_error() {
    check(
        "apiVersion: driftless/v2\nkind: galaxy\nstuff: 1\n",
        &expect![[r#"
            the app spec has 1 error, the first in line 1: the spec is of version `driftless/v2`; this Driftless reads driftless/v1
              × the spec is of version `driftless/v2`; this Driftless reads driftless/v1
               ╭─[app.yaml:1:13]
             1 │ apiVersion: driftless/v2
               ·             ──────┬─────
               ·                   ╰── apiVersion
               ╰────
              help: update Driftless first

        "#]],
    );
    check(
        "apiVersion: v1\nkind: container\n",
        &expect![[r#"
            the app spec has 1 error, the first in line 1: `apiVersion` is `v1`; this Driftless reads driftless/v1
              × `apiVersion` is `v1`; this Driftless reads driftless/v1
               ╭─[app.yaml:1:13]
             1 │ apiVersion: v1
               ·             ─┬
               ·              ╰── apiVersion
               ╰────
              help: a Driftless spec begins with `apiVersion: driftless/v1`

        "#]],
    );
    check(
        "apiVersion: driftless/v1\nkind: static_site\nstuff: 1\n",
        &expect![[r#"
            the app spec has 1 error, the first in line 2: `kind` must be `container` or `static-site`, not `static_site`
              × `kind` must be `container` or `static-site`, not `static_site`
               ╭─[app.yaml:2:7]
             2 │ kind: static_site
               ·       ─────┬─────
               ·            ╰── kind
               ╰────
              help: did you mean `static-site`?

        "#]],
    );
    check(
        "kind: container\n",
        &expect![[r#"
            the app spec has 4 errors, the first in line 1: `apiVersion` is missing
              × `apiVersion` is missing
               ╭─[app.yaml:1:1]
             1 │ kind: container
               · ──┬─
               ·   ╰── apiVersion
               ╰────

              × `app` is missing
               ╭─[app.yaml:1:1]
             1 │ kind: container
               · ──┬─
               ·   ╰── app
               ╰────

              × `environments` is missing
               ╭─[app.yaml:1:1]
             1 │ kind: container
               · ──┬─
               ·   ╰── environments
               ╰────

              × `services` is missing
               ╭─[app.yaml:1:1]
             1 │ kind: container
               · ──┬─
               ·   ╰── services
               ╰────

        "#]],
    );
    check(
        "apiVersion: 1\n",
        &expect![[r#"
            the app spec has 1 error, the first in line 1: `apiVersion` is text; without quotes, YAML reads `1` as a number
              × `apiVersion` is text; without quotes, YAML reads `1` as a number
               ╭─[app.yaml:1:13]
             1 │ apiVersion: 1
               ·             ┬
               ·             ╰── apiVersion
               ╰────
              help: put it in quotes: "1"

        "#]],
    );
}

#[test]
fn an_app_spec_of_another_format_gets_one_line() {
    check(
        include_str!("../data/foreign/sample-app.yaml"),
        &expect![[r#"
            the app spec has 1 error, the first in line 1: this is an app spec of another format (codeforamerica shared services: keys title, program, repo); a Driftless spec begins with `apiVersion: driftless/v1`; importing this format is not supported yet
              × this is an app spec of another format (codeforamerica shared services: keys title, program, repo); a
              │ Driftless spec begins with `apiVersion: driftless/v1`; importing this format is not supported yet
               ╭─[app.yaml:1:1]
             1 │ title: My Application
               · ─────
               ╰────

        "#]],
    );
}

#[test]
fn nothing_in_the_file_reaches_the_terminal_as_an_escape() {
    check(
        &with_more("heal: \"\\e[31mred\u{202e}\""),
        &expect![[r#"
            the app spec has 1 error, the first in line 11: `heal` must be `auto` or `report`, not `\u{1b}[31mred\u{202e}`
              × `heal` must be `auto` or `report`, not `\u{1b}[31mred\u{202e}`
                ╭─[app.yaml:11:11]
             11 │     heal: "\e[31mred�"
                ·           ──────┬─────
                ·                 ╰── environments[0].heal
                ╰────

        "#]],
    );
    check(
        "a: \u{1b}[31m\n",
        &expect![[r#"
            the app spec has 1 error, the first in line 1: this is not valid YAML: unexpected character: `\u{1b}'
              × this is not valid YAML: unexpected character: `\u{1b}'
               ╭─[app.yaml:1:4]
             1 │ a: �[31m
               ·    ─
               ╰────

        "#]],
    );
}
