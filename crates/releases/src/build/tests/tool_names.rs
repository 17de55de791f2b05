//! Names as tools write them, and names as people write them. A name of the second kind that is taken for one of the first
//! stays stale in browsers for a year.

use crate::build::hashed_names::HashedNames;

#[test]
fn names_that_tools_put_a_hash_into_are_known() {
    for name in [
        // webpack, Create React App, Vue CLI, Docusaurus
        "static/js/main.3f2a9c1b.js",
        "static/js/main.3f2a9c1b.js.map",
        "static/js/main.3f2a9c1b.js.LICENSE.txt",
        "static/js/123.abcdef12.chunk.js",
        "static/css/main.0a1b2c3d.chunk.css",
        "static/media/logo.6ce24c58023cc2f8fd88fe9d219db6c6.svg",
        "3f2a9c1b7d8e9f0a1b2c.js",
        "4b5e6a7c8d9e0f1a2b3c.png",
        "js/chunk-vendors.1a2b3c4d.js",
        "assets/js/17896441.9d5b2f1c.js",
        "assets/images/logo-6ce24c58023cc2f8fd88fe9d219db6c6.png",
        "main.f8a1b2c3.iframe.bundle.js",
        // Vite and Rollup
        "assets/index-BkR3x9_a.js",
        "assets/index-D8b4DHJx.css",
        "assets/logo-D8b4DHJx.svg",
        "assets/Inter-Regular-x3Fq9ZkT.woff2",
        "assets/index.1a2b3c4d.js",
        "assets/index-1a2b3c4d.js",
        // VitePress
        "assets/guide_intro.md.Dk3l9aZ1.js",
        "assets/guide_intro.md.Dk3l9aZ1.lean.js",
        "assets/inter-roman-latin.Di8D3hzH.woff2",
        // Next
        "_next/static/chunks/main-0f3b2c1d4e5f6a7b.js",
        "_next/static/chunks/pages/[slug]-0f3b2c1d4e5f6a7b.js",
        "_next/static/chunks/app/layout-0f3b2c1d4e5f6a7b.js",
        "_next/static/chunks/2473c16c0c2f6b5f.js",
        "_next/static/css/0f3b2c1d4e5f6a7b.css",
        "_next/static/media/a34f9d1faa5f3315-s.p.woff2",
        "_next/static/media/hero.0f3b2c1d.png",
        "_next/static/Vr3xYZ8aKq0_1bCd9EfGh/_buildManifest.js",
        "shop/_next/static/6ce24c58023cc2f8fd88fe9d219db6c6deadbee1/_ssgManifest.js",
        // Hugo, Sprockets, Propshaft, Django, Phoenix, Ember
        "css/style.min.6ce24c58023cc2f8fd88fe9d219db6c66ce24c58023cc2f8fd88fe9d219db6c6.css",
        "assets/application-6ce24c58023cc2f8fd88fe9d219db6c66ce24c58023cc2f8fd88fe9d219db6c6.js",
        "assets/application-1a2b3c4d.css",
        "static/base.27e20196a850.js",
        "assets/vendor-6ce24c58023cc2f8fd88fe9d219db6c6.js",
        // Gatsby, Parcel, Material for MkDocs, mdBook, rustdoc
        "app-3f2a9c1b7d8e9f0a1b2c.js",
        "index.0a1b2c3d.js",
        "assets/javascripts/bundle.aecac24b.min.js",
        "assets/stylesheets/main.3cba04c6.min.css",
        "css/general-2459343d.css",
        "static.files/rustdoc-ca0dd0c4.css",
        "static.files/main-0a1b2c3d.js",
        // Astro, SvelteKit, Nuxt
        "_astro/about.Dk3l9aZ1.css",
        "_astro/penguin.DlYs4X7k_Z1abcd.webp",
        "_app/immutable/entry/start.js",
        "docs/_app/immutable/chunks/abcdefgh.js",
        "_nuxt/entry.D8b4DHJx.css",
        // Angular 16; 17 and esbuild
        "main.0f3b2c1d4e5f6a7b.js",
        "main-5XKZ2VQ7.js",
        "chunk-A2B3CDE4.js",
    ] {
        assert!(HashedNames::of([name].into_iter()).contains(name), "{name}");
    }
}

#[test]
fn names_that_people_gave_are_not_taken_for_hashed() {
    for name in [
        "main.js",
        "js/jquery-3.7.1.min.js",
        "js/jquery-3.7.1.slim.min.js",
        "js/bootstrap.bundle.min.js",
        "js/angular-animate.js",
        "js/chunk-vendors.js",
        "js/index-homepage.js",
        "js/index-HomePage.js",
        "js/checkout-AddToBag.js",
        "js/app-TextArea.js",
        "js/app-HTMLView.js",
        "js/guide-Chapter1.js",
        "js/index-Web3Docs.js",
        "js/client-v1alpha1.js",
        "js/polyfill.2024.js",
        "js/app.20240131.js",
        "js/app-20240131.js",
        "js/deadbeef.js",
        "js/app-deadbeef.js",
        "js/app.12345678.js",
        "js/a1b2c3d4.js",
        "js/app-1a2b3c.js",
        "js/README-TEMPLATE.js",
        "js/app-VERSION2.js",
        "js/BkR3x9_a.js",
        "js/swiper-bundle.min.js",
        "js/three.module.js",
        "js/vue.runtime.global.prod.js",
        "js/highlight-11.9.0.js",
        "js/lib-1234567890.js",
        "css/font-awesome.css",
        "css/print-2023.css",
        "fonts/Inter-SemiBold.woff2",
        "fonts/Inter-Variable.woff2",
        "fonts/fa-solid-900.woff2",
        "fonts/NotoSans-ExtraBold.woff2",
        "img/photo-IMG_2034.jpg",
        "img/IMG_2034.jpg",
        "img/DSC00123.jpg",
        "img/20240131_123456.jpg",
        "img/PXL_20240131_123456789.jpg",
        "img/logo-cafe2019.png",
        "img/2019cafe.png",
        "img/logo-2019cafe.png",
        "img/team-JaneDoe1.jpg",
        "img/phone-iPhone15.png",
        "img/report-Q1Fy2024.png",
        "img/thumb-1280x720.jpg",
        "img/video-640x480p.mp4",
        "img/banner-1920x1080.webp",
        "img/6ce24c58023cc2f8fd88fe9d219db6c6.jpg",
        "img/3f2a9c1b-1234-4abc-9def-1234567890ab.png",
        "img/photo-3f2a9c1b-1234-4abc-9def-1234567890ab.png",
        "img/photo-3f2a9c1b12344abc9def1234567890ab.png",
        "img/507f1f77bcf86cd799439011.jpg",
        "img/photo-507f1f77bcf86cd799439011.jpg",
        "apple-touch-icon-180x180.png",
        "favicon-32x32.png",
        "android-chrome-512x512.png",
        // Documents are not written by bundlers.
        "files/report-20240131.pdf",
        "files/report-3f2a9c1b.pdf",
        "files/report-BkR3x9_a.pdf",
        "files/data.3f2a9c1b7d8e9f0a1b2c.csv",
        "files/release-1.2.3.zip",
        "3f2a9c1b7d8e9f0a1b2c",
        "a-deadbeef.html",
        // Doxygen and Sphinx hash where a thing comes from, not what is in it.
        "doc/dir_68267d1309a1af8e8297ef4c3efbcdba.js",
        "doc/classFoo_1a0b2c3d4e5f6a7b8c9d0e1f2a3b4c5d.js",
        "_images/graphviz-6ce24c58023cc2f8fd88fe9d219db6c6deadbee1.svg",
        "_images/inheritance-6ce24c58023cc2f8fd88fe9d219db6c6deadbee1.png",
        "_images/math/6ce24c58023cc2f8fd88fe9d219db6c6deadbee1.png",
        "_static/searchtools.js",
        "_static/pygments.css",
        // A build id that somebody chose.
        "_next/static/production/_buildManifest.js",
        "_next/static/v1.2.3/_buildManifest.js",
        "_next/static/chunks/polyfills.js",
        "_app/env.js",
    ] {
        assert!(!HashedNames::of([name].into_iter()).contains(name), "{name}");
    }
}

#[test]
fn a_hash_that_looks_like_a_word_is_known_by_its_neighbours() {
    let hashed = [
        "assets/index-CqKaCUNI.js",
        "assets/index-D8b4DHJx.css",
        "assets/about-HomePage.js",
        "assets/vendor-xK3_9aZq.js",
        "assets/lib-D8-4DHJx.js",
    ];
    let pictures = ["assets/hero-CqKaCUNI.png", "assets/team-HomePage.png"];
    let build: Vec<&str> =
        hashed.into_iter().chain(pictures).chain(["assets/env.js", "js/index-CqKaCUNI.js"]).collect();
    let names = HashedNames::of(build.into_iter());
    for name in hashed {
        assert!(names.contains(name), "{name}");
    }
    assert!(names.contains("assets/hero-CqKaCUNI.png"));
    // People put pictures there, and give them names.
    assert!(!names.contains("assets/team-HomePage.png"));
    assert!(!names.contains("assets/env.js"));
    assert!(!names.contains("assets/index-homepage.js"), "eight letters of one kind are a word");
    assert!(!names.contains("js/index-CqKaCUNI.js"), "another directory");
    assert!(!names.contains("assets/index.CqKaCUNI.js"), "another place in the name");
    // Nuxt's names are nothing but a hash.
    let nuxt = ["_nuxt/BkR3x9_a.js", "_nuxt/CqKaCUNI.js", "_nuxt/D8b4DHJx.js"];
    assert!(nuxt.iter().all(|name| HashedNames::of(nuxt.into_iter()).contains(name)));
    // Angular's are capitals.
    let angular = ["main-5XKZ2VQ7.js", "chunk-QWERTYUI.js", "styles-5INU2SO6.css", "env.js"];
    assert!(HashedNames::of(angular.into_iter()).contains("chunk-QWERTYUI.js"));
}

#[test]
fn names_in_camel_case_do_not_vouch_for_each_other() {
    let written = ["js/app-HomePage.js", "js/app-AddToBag.js", "js/app-TextArea.js", "js/app-Chapter1.js"];
    let names = HashedNames::of(written.into_iter());
    assert!(!written.iter().any(|name| names.contains(name)));
    // Nor do a few hashed ones for many that are not.
    let mixed = ["js/a-D8b4DHJx.js", "js/b-BkR3x9_a.js", "js/one.js", "js/two.js", "js/three.js", "js/app-AddToBag.js"];
    assert!(!HashedNames::of(mixed.into_iter()).contains("js/app-AddToBag.js"));
    let shouted = ["js/app-TEMPLATE.js", "js/app-VERSION2.js"];
    assert!(!shouted.iter().any(|name| HashedNames::of(shouted.into_iter()).contains(name)));
}
