use hfd_shared::repo::RepoKind;

use super::*;
use crate::analyze::info::{RefInfo, RefType};
use crate::analyze::testing::contents;

fn of(documents: &[(&str, &str)]) -> Option<QuantizedInfo> {
    detect(&contents(RepoKind::Model, &["config.json", "model.safetensors:1000"], documents))
}

#[test]
fn a_file_that_only_its_exporter_reads_tells_as_well() {
    let beside = |name: &str, text: &str| {
        let info = of(&[("config.json", "{}"), (name, text)]).unwrap();
        (info.method, info.bits, info.group_size)
    };
    let awq = beside("quant_config.json", r#"{"w_bit": 4, "q_group_size": 128, "zero_point": true}"#);
    assert_eq!(awq, ("awq".to_owned(), Some(4), Some(128)));
    for (algorithm, bits) in [("FP8", Some(8)), ("NVFP4", Some(4)), ("W4A16_AWQ", Some(4)), ("MIXED", None)] {
        let text = format!(r#"{{"quantization": {{"quant_algo": "{algorithm}", "exclude_modules": ["lm_head"]}}}}"#);
        assert_eq!(beside("hf_quant_config.json", &text), ("modelopt".to_owned(), bits, None));
    }
}

#[test]
fn each_form_of_configuration_names_its_method_and_bits() {
    let in_config = |quantization: &str| {
        let config = format!(r#"{{"quantization_config": {quantization}}}"#);
        let info = of(&[("config.json", &config)]).unwrap();
        (info.method, info.bits, info.group_size, info.version)
    };
    let expect =
        |method: &str, bits, group, version: Option<&str>| (method.to_owned(), bits, group, version.map(str::to_owned));
    assert_eq!(
        in_config(r#"{"quant_method": "gptq", "bits": 4, "group_size": 128}"#),
        expect("gptq", Some(4), Some(128), None)
    );
    assert_eq!(
        in_config(r#"{"quant_method": "AWQ", "w_bit": 4, "q_group_size": 64, "version": "GEMM"}"#),
        expect("awq", Some(4), Some(64), Some("gemm"))
    );
    assert_eq!(
        in_config(r#"{"quant_method": "exl2", "bits": 4.65, "head_bits": 6}"#),
        expect("exl2", Some(4), None, None)
    );
    assert_eq!(
        in_config(r#"{"load_in_4bit": true, "bnb_4bit_quant_type": "nf4"}"#),
        expect("bitsandbytes", Some(4), None, Some("nf4"))
    );
    assert_eq!(in_config(r#"{"quant_method": "fp8", "fmt": "e4m3"}"#), expect("fp8", Some(8), None, Some("e4m3")));
    assert_eq!(
        in_config(
            r#"{"quant_method": "hqq", "quant_config": {"weight_quant_params": {"nbits": 4, "group_size": 64}}}"#
        ),
        expect("hqq", Some(4), Some(64), None)
    );
    assert_eq!(
        in_config(
            r#"{"quant_method": "compressed-tensors", "format": "pack-quantized",
            "config_groups": {"group_0": {"weights": {"num_bits": 4, "group_size": 128, "symmetric": true}}}}"#
        ),
        expect("compressed-tensors", Some(4), Some(128), Some("pack-quantized"))
    );
    assert_eq!(in_config(r#"{"quant_method": "eetq", "weights": "int8"}"#), expect("eetq", Some(8), None, None));
}

#[test]
fn files_of_their_own_come_first() {
    let gptq =
        of(&[("quantize_config.json", r#"{"bits": 3, "group_size": -1, "desc_act": true, "sym": false}"#)]).unwrap();
    assert_eq!((gptq.method.as_str(), gptq.bits, gptq.group_size), ("gptq", Some(3), None));
    assert_eq!((gptq.desc_act, gptq.symmetric), (Some(true), Some(false)));
    let exl3 = of(&[("quantization_config.json", r#"{"quant_method": "exl3", "bits": 3.5, "head_bits": 6}"#)]).unwrap();
    assert_eq!((exl3.method.as_str(), exl3.bits_per_weight, exl3.head_bits), ("exl3", Some(3.5), Some(6)));
    let mlx = of(&[("config.json", r#"{"quantization": {"group_size": 64, "bits": 4}}"#)]).unwrap();
    assert_eq!((mlx.method.as_str(), mlx.bits_per_weight), ("mlx", Some(4.5)));
}

#[test]
fn an_export_to_onnx_or_a_plain_model_is_not_quantized() {
    assert!(of(&[("config.json", r#"{"model_type": "llama", "quantization_config": {}}"#)]).is_none());
    assert!(of(&[("config.json", "{}")]).is_none());
    // transformers.js writes such a file without bits.
    let xenova = r#"{"per_channel": true, "reduce_range": true, "per_model_config": {}}"#;
    assert!(of(&[("quantize_config.json", xenova)]).is_none());
}

#[test]
fn the_memory_follows_the_files() {
    let info = of(&[("config.json", r#"{"quantization_config": {"quant_method": "gptq", "bits": 4}}"#)]).unwrap();
    assert_eq!((info.estimated_vram, info.vram_context_length), (Some(crate::analyze::memory::needed(1000, 0)), None));
}

#[test]
fn parameters_are_counted_only_of_methods_that_are_known_and_mix_no_bits() {
    for (config, expected) in [
        ("{}", true),
        (r#"{"quantization_config": {"quant_method": "modelopt", "quant_algo": "NVFP4"}}"#, true),
        (r#"{"quantization_config": {"quant_method": "exl2", "bits": 4.65}}"#, false),
        (r#"{"quantization_config": {"quant_method": "hqq"}}"#, false),
        (
            r#"{"quantization_config": {"quant_method": "gptq", "bits": 4, "dynamic": {"+:.*down.*": {"bits": 8}, "-:.*up.*": {}}}}"#,
            false,
        ),
        (r#"{"quantization": {"group_size": 64, "bits": 4, "lm_head": {"group_size": 64, "bits": 4}}}"#, true),
        (r#"{"quantization": {"group_size": 64, "bits": 4, "lm_head": {"group_size": 64, "bits": 6}}}"#, false),
        (
            r#"{"quantization_config": {"quant_method": "compressed-tensors", "config_groups":
                {"a": {"weights": {"num_bits": 4}}, "b": {"weights": {"num_bits": 8}}}}}"#,
            false,
        ),
    ] {
        let repo = contents(RepoKind::Model, &["config.json", "model.safetensors"], &[("config.json", config)]);
        assert_eq!(is_countable(&repo), expected, "{config}");
    }
}

#[test]
fn branches_named_by_bits_are_choices() {
    let branch = |name: &str| RefInfo { name: name.to_owned(), kind: RefType::Branch, commit: String::new() };
    let refs: Vec<_> =
        ["main", "8.0bpw_h8", "4.25bpw", "3_5", "x4bpw", "ü4.0bpw", "turbo-2.4bpw", "1.2.3bpw"].map(branch).to_vec();
    let found = branches("owner/Model-EXL2", &refs);
    let seen: Vec<_> =
        found.iter().map(|branch| (branch.name.as_str(), branch.bits_per_weight, branch.head_bits)).collect();
    assert_eq!(
        seen,
        [("turbo-2.4bpw", 2.4, None), ("3_5", 3.5, None), ("4.25bpw", 4.25, None), ("8.0bpw_h8", 8.0, Some(8))]
    );
    assert!(branches("owner/model", &refs).iter().all(|branch| branch.name != "3_5"));
    let items = branch_items(&found);
    let recommended: Vec<_> =
        items.iter().filter(|item| item.recommended).map(|item| item.revision.as_deref()).collect();
    assert_eq!(recommended, [Some("4.25bpw")]);
}
